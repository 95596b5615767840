// The command line, the extension and the daemon together.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::test;

TEST_CASE(
  "a snapshot is taken, copied, exported and imported by pgtricklectl") {
  scenario s;
  must(s.db, "CREATE TABLE orders (customer text, amount numeric(10,2));"
             "INSERT INTO orders SELECT 'c' || i % 100, i FROM"
             " generate_series(1, 5000) AS i");
  must(s.db, "SELECT pgtrickle.create_stream_table('revenue', 'SELECT customer,"
             " sum(amount) AS total FROM orders GROUP BY customer', '1h')");
  const auto here = s.all.postgres.conninfo("app", "alice");
  const auto kept = s.schema + ".kept";
  const auto created = run_ctl({"snapshot", "create", s.schema + ".revenue",
                                "--target", kept, "-d", here, "-f", "tsv"});
  INFO(created.output);
  REQUIRE(created.status == 0);
  CHECK(run_ctl({"snapshot", "verify", kept, "-d", here}).status == 0);

  s.all.create_database("copies");
  const auto there = s.all.postgres.conninfo("copies");
  const auto copied = run_ctl({"snapshot", "copy", kept, "--from", here, "--to",
                               there, "--as", "public.kept", "-f", "tsv"});
  INFO(copied.output);
  CHECK(copied.status == 0);
  CHECK(copied.says("\tt\tt\n"));
  const auto listed = run_ctl({"snapshot", "list", "-d", there, "-f", "json"});
  CHECK(listed.says("kept"));
  CHECK(listed.says("\"row_count\": 100,"));
  CHECK(run_ctl({"snapshot", "verify", "public.kept", "-d", there}).status
        == 0);
  auto copy = s.all.connect("postgres", "copies");
  const std::string digest
    = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ";
  CHECK(copy.run(digest + "kept AS t").value()
        == s.db.run(digest + kept + " AS t").value());

  const private_directory dir;
  const std::string file = dir.path() / "kept.zst";
  const auto exported
    = run_ctl({"snapshot", "export", kept, "--from", here, "-o", file});
  CHECK_MESSAGE(exported.status == 0, exported.output);
  const auto imported = run_ctl(
    {"snapshot", "import", file, "--to", there, "--as", "public.from_file"});
  CHECK_MESSAGE(imported.status == 0, imported.output);
  CHECK(copy.run(digest + "from_file AS t").value()
        == s.db.run(digest + kept + " AS t").value());

  const auto dropped
    = run_ctl({"snapshot", "drop", "public.kept", "--yes", "-d", there});
  CHECK_MESSAGE(dropped.status == 0, dropped.output);
  CHECK(copy.run("SELECT to_regclass('public.kept')").value() == "(null)");

  must(s.db, "DELETE FROM orders WHERE customer = 'c7'");
  const auto restored = run_ctl(
    {"snapshot", "restore", s.schema + ".revenue", kept, "--yes", "-d", here});
  CHECK_MESSAGE(restored.status == 0, restored.output);
}
