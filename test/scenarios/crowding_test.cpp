#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <vector>

namespace pgtrickle::test {

namespace {

/// Many databases on a PostgreSQL that has no room for all that a daemon might
/// want of it.
struct crowded {
  explicit crowded(const std::string& settings) : postgres(settings) {}

  session connect(const std::string& database) {
    return session{postgres.conninfo(database)};
  }

  /// Databases c1 to c<count>, each with a stream table `reader` of `base`.
  void fill(int count) {
    for (int i = 1; i <= count; ++i) {
      names.push_back(fmt::format("c{}", i));
      auto root = connect("postgres");
      must(root, "CREATE DATABASE " + names.back());
      must(root, fmt::format("ALTER DATABASE {} SET pg_trickle.nats_url = '{}'",
                             names.back(), nats.url()));
      auto db = connect(names.back());
      must(db, "CREATE EXTENSION pg_trickle; CREATE TABLE base (a int);"
               "INSERT INTO base VALUES (0)");
      REQUIRE(eventually(20s, [&] {
        return db.run("SELECT pgtrickle.ping()").sqlstate.empty();
      }));
      must(db, "CREATE FUNCTION slow(a int) RETURNS int LANGUAGE plpgsql "
               "IMMUTABLE AS 'BEGIN PERFORM pg_sleep(0.3); RETURN a; END'");
      must(db, "SELECT pgtrickle.create_stream_table('reader', 'SELECT a FROM "
               "base', '1s')");
    }
  }

  void change_all() {
    for (const auto& name : names) {
      auto db = connect(name);
      must(db, "INSERT INTO base SELECT count(*) FROM base");
    }
  }

  [[nodiscard]] bool all_follow(std::chrono::milliseconds limit) {
    for (const auto& name : names) {
      auto db = connect(name);
      if (!comes_true(db, "reader", limit))
        return false;
    }
    return true;
  }

  /// Sessions that leave no connection to anybody else.
  [[nodiscard]] std::vector<session> take_all_connections() const {
    std::vector<session> taken;
    try {
      while (true)
        taken.emplace_back(postgres.conninfo());
    } catch (const std::runtime_error&) {
      return taken;
    }
  }

  [[nodiscard]] static int count(session& db, const std::string& condition) {
    return std::stoi(db.run("SELECT count(*) FROM pg_stat_activity WHERE "
                            "application_name LIKE 'pgtrickle %' AND "
                            + condition)
                       .value());
  }

  private_postgres postgres;
  private_nats nats;
  private_daemon daemon{postgres.conninfo(), nats.url(), "crowded"};
  std::vector<std::string> names;
};

} // namespace

TEST_CASE("idle databases cost one connection each, and work waits for the "
          "node's max-connections") {
  crowded all{"max_connections = 20"};
  setenv("PGTRICKLE_MAX_CONNECTIONS", "10", 1);
  all.daemon.start();
  unsetenv("PGTRICKLE_MAX_CONNECTIONS");
  all.fill(6);
  auto db = all.connect("postgres");
  int most = 0;
  for (int round = 0; round < 3; ++round) {
    all.change_all();
    static_cast<void>(throughout(1s, [&] {
      most = std::max(most, all.count(db, "true"));
      return true;
    }));
    CHECK(all.all_follow(20s));
  }
  CHECK(most <= 10);
  // The watchers' and the discoverer's.
  CHECK(eventually(60s, [&] { return all.count(db, "true") == 7; }));
  CHECK(all.daemon.log().find("refresh of") == std::string::npos);
}

TEST_CASE("a PostgreSQL without a free connection is waited out") {
  crowded all{"max_connections = 20"};
  all.daemon.start();
  all.fill(2);
  auto db = all.connect("postgres");
  CHECK(eventually(60s, [&] {
    return all.count(db, "application_name LIKE 'pgtrickle refresher@%'") == 0;
  }));
  std::vector<session> users;
  for (const auto& name : all.names)
    users.push_back(all.connect(name));
  auto taken = all.take_all_connections();
  for (auto& user : users)
    must(user, "INSERT INTO base VALUES (1)");
  CHECK(eventually(20s, [&] {
    return all.daemon.log().find("work waits for a connection")
           != std::string::npos;
  }));
  CHECK(all.daemon.log().find("too many clients") != std::string::npos);
  taken.clear();
  CHECK(all.all_follow(20s));
}

TEST_CASE("the databases of a PostgreSQL cluster share one budget of workers") {
  crowded all{"pg_trickle.max_dynamic_refresh_workers = 1"};
  all.daemon.start();
  all.fill(3);
  for (const auto& name : all.names) {
    auto db = all.connect(name);
    for (const auto* table : {"one", "two"})
      must(db, fmt::format("SELECT pgtrickle.create_stream_table('{}', 'SELECT "
                           "slow(a) AS a FROM base', '1s')",
                           table));
  }
  auto db = all.connect("postgres");
  int most = 0;
  for (int round = 0; round < 3; ++round) {
    all.change_all();
    static_cast<void>(throughout(2s, [&] {
      most = std::max(most, all.count(db, "wait_event = 'PgSleep'"));
      return true;
    }));
  }
  CHECK(most == 1);
  CHECK(all.all_follow(30s));
}

} // namespace pgtrickle::test
