// pgtricklectl snapshot export and import.

#include "services/snapshot_transfer/archive_writer.hpp"
#include "test/actors/ctl/clusters.hpp"
#include "test/support/contents.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>

using namespace pgtrickle::test;
namespace transfer = pgtrickle::snapshot_transfer;

namespace {

/// A stage with a folder for files.
struct file_stage : stage {
  using stage::stage;

  private_directory dir;
  std::string file = dir.path() / "file.zst";

  [[nodiscard]] std::vector<std::string>
  export_command(const std::string& name) const {
    return {"snapshot", "export", name, "--from", from(), "--output", file};
  }
  [[nodiscard]] std::vector<std::string> import_command() const {
    return {"snapshot", "import", file, "--to", to()};
  }
};

void write(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<std::string> with(std::vector<std::string> command,
                              const std::vector<std::string>& more) {
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

} // namespace

TEST_CASE("a snapshot is the same after export and import") {
  file_stage s;
  s.make_snapshot("kept", "SELECT i, i / 7.0 AS n, md5(i::text) AS t"
                          " FROM generate_series(1, 20000) AS i");
  const auto exported
    = run_ctl(with(s.export_command("kept"), {"--piece-blocks", "20"}));
  INFO(exported.output);
  REQUIRE(exported.status == 0);
  const auto imported = run_ctl(with(s.import_command(), {"-f", "tsv"}));
  INFO(imported.output);
  CHECK(imported.status == 0);
  CHECK(imported.says("\tt\tt\n"));
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
  CHECK(s.partial_copies() == 0);
}

TEST_CASE("a snapshot without rows is exported and imported") {
  file_stage s;
  s.make_snapshot("kept", "SELECT 1 AS a WHERE false");
  REQUIRE(run_ctl(s.export_command("kept")).status == 0);
  CHECK(run_ctl(s.import_command()).status == 0);
  CHECK(s.rows_at_target("kept") == "0 ");
}

TEST_CASE("a file that exists is not written over") {
  file_stage s;
  s.make_snapshot("kept", "SELECT 1 AS a");
  write(s.file, "precious");
  const auto done = run_ctl(s.export_command("kept"));
  CHECK(done.status == 1);
  CHECK(done.says("exists"));
  CHECK(contents(s.file) == "precious");
}

TEST_CASE("an export goes on by itself when the connection breaks") {
  file_stage s;
  s.make_snapshot("kept", many_rows);
  running_ctl ctl{with(s.export_command("kept"), {"--piece-blocks", "1"})};
  std::error_code ignored;
  REQUIRE(eventually(10s, [&] {
    return std::filesystem::file_size(s.file + ".partial", ignored) > 30'000
           && !ignored;
  }));
  CHECK(break_connections(*s.source) == 1);
  const auto done = ctl.finish();
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(done.says("attempt 1 of 10"));
  REQUIRE(run_ctl(s.import_command()).status == 0);
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
}

TEST_CASE("an interrupted export leaves no file") {
  file_stage s;
  s.make_snapshot("kept", many_rows);
  running_ctl ctl{with(s.export_command("kept"), {"--piece-blocks", "1"})};
  REQUIRE(eventually(
    10s, [&] { return std::filesystem::exists(s.file + ".partial"); }));
  ctl.signal(SIGINT);
  CHECK(ctl.finish().status == 128 + SIGINT);
  CHECK(!std::filesystem::exists(s.file));
  CHECK(!std::filesystem::exists(s.file + ".partial"));
}

TEST_CASE("a row too few is found by export too") {
  file_stage s;
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 10) AS i");
  must(*s.source, "DELETE FROM kept WHERE i = 5");
  const auto done = run_ctl(s.export_command("kept"));
  CHECK(done.status == 1);
  CHECK(done.says("has 9 rows instead of 10"));
  CHECK(!std::filesystem::exists(s.file));
}

TEST_CASE("a changed row is found by import") {
  file_stage s;
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 10) AS i");
  must(*s.source, "UPDATE kept SET i = 0 WHERE i = 5");
  REQUIRE(run_ctl(s.export_command("kept")).status == 0);
  const auto done = run_ctl(s.import_command());
  CHECK(done.status == 1);
  CHECK(done.says("are not those of the snapshot"));
  CHECK(!s.target_has("kept"));
}

TEST_CASE("a killed import is continued by the same command") {
  file_stage s;
  s.make_snapshot("kept", many_rows);
  REQUIRE(
    run_ctl(with(s.export_command("kept"), {"--piece-blocks", "1"})).status
    == 0);
  {
    running_ctl ctl{s.import_command()};
    REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
    ctl.signal(SIGKILL);
    ctl.finish();
  }
  CHECK(!s.target_has("kept"));
  const auto done = run_ctl(s.import_command());
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(done.says("going on behind row"));
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
}

TEST_CASE("an import goes on by itself when the connection breaks") {
  file_stage s;
  s.make_snapshot("kept", many_rows);
  REQUIRE(
    run_ctl(with(s.export_command("kept"), {"--piece-blocks", "1"})).status
    == 0);
  running_ctl ctl{s.import_command()};
  REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
  CHECK(break_connections(*s.target) == 1);
  const auto done = ctl.finish();
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
}

TEST_CASE("another export of the same snapshot does not go on with a copy") {
  file_stage s;
  s.make_snapshot("kept", many_rows);
  REQUIRE(run_ctl(s.export_command("kept")).status == 0);
  {
    running_ctl ctl{{"snapshot", "copy", "kept", "--from", s.from(), "--to",
                     s.to(), "--piece-blocks", "1"}};
    REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
    ctl.signal(SIGKILL);
    ctl.finish();
  }
  CHECK(run_ctl(s.import_command()).says("half copied from another snapshot"));
}

TEST_CASE("a damaged file never gets the snapshot's name") {
  file_stage s;
  s.make_snapshot("kept", "SELECT i, md5(i::text) AS t"
                          " FROM generate_series(1, 2000) AS i");
  REQUIRE(run_ctl(s.export_command("kept")).status == 0);
  const auto whole = contents(s.file);
  const auto refuses = [&](const std::string& bytes, const std::string& why) {
    write(s.file, bytes);
    const auto done = run_ctl(with(s.import_command(), {"--restart"}));
    INFO(done.output);
    CHECK(done.status == 1);
    CHECK(done.says(why));
    CHECK(!s.target_has("kept"));
  };
  refuses("", "the file is not a snapshot's");
  refuses("garbage, and not even compressed", "the file is not a snapshot's");
  refuses(whole.substr(0, whole.size() / 2), "the file is cut off");
  refuses(whole.substr(0, whole.size() - 1), "the file is cut off");
  refuses(whole + whole, "the file goes on after its end");
  auto changed = whole;
  changed[whole.size() / 2] = static_cast<char>(~changed[whole.size() / 2]);
  refuses(changed, "HINT: Export the snapshot again");
  write(s.file, whole);
  CHECK(run_ctl(with(s.import_command(), {"--restart"})).status == 0);
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
}

TEST_CASE("a file that is not there is named") {
  file_stage s;
  const auto done = run_ctl(s.import_command());
  CHECK(done.status == 1);
  CHECK(done.says("file.zst: No such file or directory"));
}

TEST_CASE("a file can't bring statements") {
  file_stage s;
  must(*s.target, "CREATE TABLE precious (a int)");
  const std::string comment
    = R"({"pgtrickle_snapshot": 1, "row_count": 0, "content_hash": "0"})";
  for (const auto* type : {"int); DROP TABLE precious; --", "int, b int",
                           "int DEFAULT 1", "int /*"}) {
    std::string bytes;
    transfer::archive_writer writer{
      [&](std::string_view data) -> pgtrickle::result<void> {
        bytes += data;
        return {};
      }};
    REQUIRE(writer.begin({{"public", "kept"},
                          {{"a", type, std::nullopt}},
                          "binary",
                          {comment, 0, "0"},
                          "file/1"}));
    REQUIRE(writer.finish());
    write(s.file, bytes);
    CHECK(run_ctl(s.import_command()).status == 1);
    CHECK(s.target_has("precious"));
    CHECK(!s.target_has("kept"));
    CHECK(s.partial_copies() == 0);
  }
}
