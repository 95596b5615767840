// Once in a cooldown, whoever asks and whatever the clocks do.

#include "services/engine/target_lag.hpp"
#include "test/plans/plan_database.hpp"

#include <fmt/format.h>

#include <random>

using namespace pgtrickle;
using namespace pgtrickle::test;
using namespace std::chrono_literals;

namespace {

constexpr double cooldown = 300;
constexpr double longest_step = 200;

/// The server's clocks, as they may go: the daemon is of no account.
struct host {
  double wall = 1'800'000'000;
  double uptime = 1000;
  int boot = 1;
  /// True time, which nobody knows.
  double truth = 0;

  void pass(double seconds) {
    wall += seconds;
    uptime += seconds;
    truth += seconds;
  }
  void set_clock(double by) { wall += by; }
  void reboot() {
    ++boot;
    uptime = 0;
  }
};

std::string question(stream_table_id table, const host& at) {
  return fmt::format("SELECT pgtrickle._take_lag_alert({}, {}, "
                     "to_timestamp({}), 'boot{}', {})",
                     static_cast<std::int64_t>(table), cooldown, at.wall,
                     at.boot, at.uptime);
}

} // namespace

TEST_CASE_FIXTURE(plan_database, "there is one alert in a cooldown, across "
                                 "restarts and clocks that are set") {
  for (unsigned seed = 1; seed <= 1000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto one_in = [&](int n) {
      return std::uniform_int_distribution{1, n}(random) == 1;
    };
    sql("DELETE FROM pgtrickle.pgt_lag_alerts");
    host at;
    std::optional<double> told;
    // Since a boot, or since its clock was set, less is certain: then an alert
    // may be held back for longer, but not for ever.
    double certain_since = 0;
    auto daemon = std::make_unique<pqxx::connection>(conninfo());
    for (int step = 0; step < 12; ++step) {
      at.pass(std::uniform_real_distribution{1.0, longest_step}(random));
      if (one_in(6))
        at.set_clock(std::uniform_real_distribution{-4000.0, 4000.0}(random)),
          certain_since = at.truth;
      if (one_in(12))
        at.reboot(), certain_since = at.truth;
      if (one_in(4))
        daemon = std::make_unique<pqxx::connection>(conninfo());
      pqxx::work tx{*daemon};
      const bool yes = tx.exec1(question(kept, at))[0].as<bool>();
      if (one_in(5))
        continue; // It died before its commit: nothing was told.
      tx.commit();
      if (!yes) {
        if (!told)
          FAIL("the first alert was held back");
        if (at.boot == 1)
          CHECK(at.truth - *told < cooldown);
        else
          CHECK(at.truth - std::max(*told, certain_since)
                < 2 * cooldown + longest_step);
        continue;
      }
      if (told)
        CHECK(at.truth - *told >= cooldown - 0.001);
      told = at.truth;
    }
  }
}

TEST_CASE_FIXTURE(plan_database, "of those who ask at once, one tells") {
  host at;
  pqxx::connection first{conninfo()};
  pqxx::connection second{conninfo()};
  SUBCASE("a refresh, whose snapshot is older, yields") {
    pqxx::transaction<pqxx::repeatable_read> refresh{first};
    refresh.exec("SELECT 1");
    {
      pqxx::work watcher{second};
      CHECK(watcher.exec1(question(kept, at))[0].as<bool>());
      watcher.commit();
    }
    CHECK_FALSE(refresh.exec1(question(kept, at))[0].as<bool>());
    refresh.exec("SELECT 1");
    refresh.commit();
  }
  SUBCASE("and who asks again within the cooldown writes nothing") {
    pqxx::work one{first};
    CHECK(one.exec1(question(kept, at))[0].as<bool>());
    one.commit();
    at.pass(cooldown / 2);
    pqxx::work again{first};
    CHECK_FALSE(again.exec1(question(kept, at))[0].as<bool>());
    CHECK(again.exec1("SELECT pg_current_xact_id_if_assigned()")[0].is_null());
  }
  SUBCASE("and so does whoever is second") {
    pqxx::work one{first};
    CHECK(one.exec1(question(kept, at))[0].as<bool>());
    one.commit();
    pqxx::work other{second};
    CHECK_FALSE(other.exec1(question(kept, at))[0].as<bool>());
  }
}

TEST_CASE_FIXTURE(plan_database, "a refresh that foretells a breach tells it "
                                 "in its own transaction") {
  write_history({.refreshes = 60, .every_seconds = 60, .ms = 20000});
  REQUIRE(engine::set_target_lag(session(), owner(), "kept", 30s, {}));
  static_cast<void>(recommended());
  sql("INSERT INTO item VALUES (1001, 1)");
  SUBCASE("and it is told") {
    refresh({kept});
    REQUIRE(alerts("predicted_sla_breach") == 1);
    const auto told = last_alert("predicted_sla_breach");
    CHECK(told["stream_table"] == "public.kept");
    CHECK(told["sla_ms"] == 30000);
    CHECK(told["predicted_ms"] > 36000);
    CHECK(told["probability"] > 0.5);
    CHECK(told["database"].is_string());
    CHECK(told["model"].is_string());
    CHECK(told["cause"].is_string());
    CHECK(told["suggested_action"].get<std::string>().size() > 10);
    SUBCASE("once") {
      for (int i = 0; i < 3; ++i) {
        sql(fmt::format("INSERT INTO item VALUES ({}, 1)", 2000 + i));
        refresh({kept});
      }
      CHECK(alerts("predicted_sla_breach") == 1);
      CHECK(alerts("sla_recovered") == 0);
    }
    SUBCASE("and its end, once") {
      REQUIRE(engine::set_target_lag(session(), owner(), "kept", 1h, {}));
      for (int i = 0; i < 3; ++i) {
        sql(fmt::format("INSERT INTO item VALUES ({}, 1)", 2000 + i));
        refresh({kept});
      }
      CHECK(alerts("sla_recovered") == 1);
    }
  }
  SUBCASE("but for one that fails there is none") {
    sql("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE 'no'; END $$; CREATE CONSTRAINT TRIGGER no AFTER UPDATE OR "
        "INSERT ON kept DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
        "FUNCTION no()");
    const auto outcome = refresher().run({{kept}}, {});
    REQUIRE(outcome);
    CHECK(outcome->at(0).error);
    CHECK(alerts("predicted_sla_breach") == 0);
  }
  SUBCASE("and without a target, none") {
    REQUIRE(engine::set_target_lag(session(), owner(), "kept", {}, {}));
    refresh({kept});
    CHECK(alerts("predicted_sla_breach") == 0);
  }
}
