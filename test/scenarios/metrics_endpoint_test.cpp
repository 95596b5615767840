// What a daemon tells over HTTP, as those who read it read it.

#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <sstream>

namespace pgtrickle::test {

namespace {

constexpr auto hostile = R"("sh""op\ {},=#é)"
                         "\n"
                         R"(nul")";

/// While the daemon starts.
constexpr auto nobody = "nobody answers";

/// As a connection string has it.
std::string in_conninfo(const std::string& name) {
  std::string quoted = "'";
  for (const char c : name)
    (quoted += c == '\'' || c == '\\' ? "\\" : "") += c;
  return quoted + "'";
}

/// A PostgreSQL with a daemon that answers HTTP.
struct observed {
  observed() {
    auto db = connect("postgres");
    must(db, fmt::format("CREATE DATABASE {}", hostile));
    const auto name
      = db.run("SELECT datname FROM pg_database WHERE datname ~ 'nul$'")
          .value();
    must(db, fmt::format("ALTER DATABASE {} SET pg_trickle.nats_url = '{}'",
                         hostile, nats.url()));
    daemon.start();
    auto inside = connect(name);
    must(inside, "CREATE EXTENSION pg_trickle; CREATE TABLE base (a int)");
    REQUIRE(eventually(20s, [&] {
      return inside
        .run("SELECT pgtrickle.create_stream_table('sums',"
             " 'SELECT a % 7 AS g, sum(a) FROM base GROUP BY 1', '1s')")
        .sqlstate.empty();
    }));
    database = name;
  }

  [[nodiscard]] session connect(const std::string& name) const {
    return session{postgres.conninfo(in_conninfo(name), "postgres")};
  }

  /// What is wrong with what the daemon tells; empty: nothing.
  [[nodiscard]] std::string objections(int scrapes) const {
    const auto log = dir.path() / "log";
    child_process reader({"/usr/bin/python3", METRICS_READER,
                          std::to_string(port), std::to_string(scrapes),
                          (dir.path() / "state").string()},
                         log, SIGKILL);
    const auto status = reader.wait();
    if (status == 0)
      return {};
    if (status == 3)
      return nobody;
    std::ostringstream said;
    said << std::ifstream(log).rdbuf();
    return said.str();
  }

  private_directory dir;
  private_postgres postgres;
  private_nats nats;
  std::uint16_t port = free_port();
  private_daemon daemon{postgres.conninfo(),
                        nats.url(),
                        "observed",
                        {fmt::format("--http=127.0.0.1:{}", port)}};
  std::string database;
};

} // namespace

TEST_CASE(
  "strict readers take what is told, and no counter falls with a daemon") {
  observed o;
  auto db = o.connect(o.database);
  REQUIRE(eventually(20s, [&] { return o.objections(1).empty(); }));
  for (int life = 0; life < 3; ++life) {
    for (int i = 0; i < 50; ++i)
      must(db, "INSERT INTO base SELECT generate_series(1, 100)");
    const auto wrong = o.objections(40);
    CHECK_MESSAGE(wrong.empty(), wrong);
    o.daemon.kill();
    o.daemon.start();
    // From its first answer on.
    std::string first = nobody;
    REQUIRE(
      eventually(30s, [&] { return (first = o.objections(1)) != nobody; }));
    CHECK_MESSAGE(first.empty(), first);
  }
  CHECK(eventually(30s, [&] {
    must(db, "INSERT INTO base VALUES (1)");
    return db.run("SELECT sum(times) > 3 FROM pgtrickle.pgt_counters"
                  " WHERE kind = 'refresh'")
             .value()
           == "t";
  }));
  const auto wrong = o.objections(5);
  CHECK_MESSAGE(wrong.empty(), wrong);
}

} // namespace pgtrickle::test
