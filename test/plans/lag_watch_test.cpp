#include "services/plans/lag_watch.hpp"

#include "test/plans/plan_database.hpp"

using namespace pgtrickle;
using namespace pgtrickle::test;
using namespace std::chrono_literals;

namespace {

struct watched_database : plan_database {
  /// Returns how many may have more to tell.
  std::size_t look() {
    const auto looked = watch.look(session(), {});
    REQUIRE_MESSAGE(looked, looked.error().message);
    return *looked;
  }
  void aim_at(std::chrono::milliseconds target) {
    REQUIRE(engine::set_target_lag(session(), owner(), "kept", target, {}));
    static_cast<void>(recommended());
  }

  plans::lag_watch watch;
};

} // namespace

TEST_CASE_FIXTURE(watched_database, "a table that will be refreshed too late "
                                    "is told of while it waits") {
  write_history({.refreshes = 60, .every_seconds = 600, .ms = 20}, 30);
  aim_at(1min);
  SUBCASE("once something has changed") {
    CHECK(look() == 0);
    CHECK(alerts("predicted_sla_breach") == 0);
    sql("INSERT INTO item VALUES (1001, 1)");
    CHECK(look() == 1);
    REQUIRE(alerts("predicted_sla_breach") == 1);
    CHECK(last_alert("predicted_sla_breach")["predicted_ms"] > 500000);
    look();
    CHECK(alerts("predicted_sla_breach") == 1);
    SUBCASE("and that it has recovered") {
      refresh({kept});
      CHECK(alerts("sla_recovered") == 0);
      sql("UPDATE pgtrickle.pgt_stream_tables SET schedule = '10s'");
      look();
      CHECK(alerts("sla_recovered") == 1);
      look();
      CHECK(alerts("sla_recovered") == 1);
    }
  }
  SUBCASE("unless it is soon enough") {
    sql("UPDATE pgtrickle.pgt_stream_tables SET schedule = '20s'");
    sql("INSERT INTO item VALUES (1001, 1)");
    look();
    CHECK(alerts("predicted_sla_breach") == 0);
  }
}

TEST_CASE_FIXTURE(watched_database, "what is suspended will not be in time") {
  write_history({.refreshes = 60, .every_seconds = 10, .ms = 20}, 5);
  aim_at(1min);
  sql("INSERT INTO item VALUES (1001, 1)");
  look();
  CHECK(alerts("predicted_sla_breach") == 0);
  sql("UPDATE pgtrickle.pgt_stream_tables SET data_timestamp = data_timestamp "
      "- interval '65 seconds'");
  sql("UPDATE pgtrickle.pgt_stream_tables SET status = 'SUSPENDED'");
  look();
  REQUIRE(alerts("predicted_sla_breach") == 1);
  CHECK(last_alert("predicted_sla_breach")["cause"] == "blocked");
}

TEST_CASE_FIXTURE(watched_database, "data are no older than the last moment "
                                    "at which nothing had changed") {
  write_history({.refreshes = 60, .every_seconds = 10, .ms = 20}, 3600);
  aim_at(1min);
  look();
  sql("INSERT INTO item VALUES (1001, 1)");
  look();
  CHECK_MESSAGE(alerts("predicted_sla_breach") == 0,
                last_alert("predicted_sla_breach").dump());
}

TEST_CASE("a refresh that runs is told of when its data are too old") {
  waiting at;
  at.target = 10s;
  at.age = 11s;
  CHECK(!plans::landing_of_running(at).breach);
  at.age = 13s;
  CHECK(plans::landing_of_running(at).breach);
}
