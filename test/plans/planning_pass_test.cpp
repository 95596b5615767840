#include "services/engine/target_lag.hpp"
#include "services/plans/history_reader.hpp"
#include "test/plans/plan_database.hpp"

#include <fmt/format.h>

using namespace pgtrickle;
using namespace pgtrickle::test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(plan_database, "a pass plans what has new history, once") {
  const auto planned = [&](bool at_once) {
    const auto pass
      = plans::bring_up_to_date(session(), options, at_once, 100, {});
    REQUIRE_MESSAGE(pass, pass.error().message);
    return pass->planned;
  };
  create("other", "SELECT DISTINCT kind FROM item");
  CHECK(planned(false) == 2);
  CHECK(planned(true) == 0);
  write_history({});
  CHECK_MESSAGE(planned(false) == 0, "planned less than a minute ago");
  CHECK(planned(true) == 2);
  write_history({});
  REQUIRE(engine::set_target_lag(session(), owner(), "kept", 1min, {}));
  CHECK_MESSAGE(planned(false) == 1, "with a target it is not left to wait");
  CHECK(planned(true) == 1);
  SUBCASE("and all again when the planner begins anew") {
    options.began = plans::clock_of(session()).value();
    CHECK(planned(false) == 2);
    CHECK(planned(false) == 0);
  }
}

TEST_CASE_FIXTURE(plan_database, "more tables than one look takes") {
  for (int i = 0; i < 5; ++i)
    create(fmt::format("more_{}", i), "SELECT kind FROM item");
  const auto first = plans::bring_up_to_date(session(), options, true, 4, {});
  REQUIRE(first);
  CHECK(first->planned == 4);
  CHECK(first->has_more);
  const auto second = plans::bring_up_to_date(session(), options, true, 4, {});
  REQUIRE(second);
  CHECK(second->planned == 2);
  CHECK(!second->has_more);
}

TEST_CASE_FIXTURE(plan_database, "changes are counted by the hour, whenever "
                                 "they are counted") {
  const auto counts = [&] {
    return text("SELECT string_agg(format('%s %s', changes, refreshes), ', ' "
                "ORDER BY hour) FROM pgtrickle.pgt_arrivals");
  };
  const auto refresh_at = [&](const std::string& time, int changes,
                              const std::string& status = "COMPLETED") {
    return text(fmt::format(
      "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, "
      "end_time, data_timestamp, action, status, initiated_by, "
      "delta_row_count) VALUES ({}, {} + interval '1 s', {} + interval '2 s', "
      "{}, 'DIFFERENTIAL', '{}', 'SCHEDULER', {}) RETURNING refresh_id",
      static_cast<std::int64_t>(kept), time, time, time, status, changes));
  };
  const std::string hour = "date_trunc('hour', now(), 'UTC')";
  refresh_at(hour + " - interval '2 hours'", 10);
  refresh_at(hour + " - interval '90 minutes'", 5);
  // It began before the hour ended, and is still at work.
  const auto late
    = refresh_at(hour + " - interval '1 hour 10 seconds'", 100, "RUNNING");
  refresh_at(hour + " - interval '10 seconds'", 7);
  static_cast<void>(recommended());
  CHECK(counts() == "15 2, 7 1");
  sql("UPDATE pgtrickle.pgt_refresh_history SET status = 'COMPLETED' WHERE "
      "refresh_id = "
      + late);
  refresh_at(hour, 1);
  static_cast<void>(recommended());
  CHECK(counts() == "115 3, 7 1, 1 1");
  sql("DELETE FROM pgtrickle.pgt_refresh_history WHERE start_time < " + hour);
  static_cast<void>(recommended());
  CHECK_MESSAGE(counts() == "115 3, 7 1, 1 1", "hours outlive the history");
}

TEST_CASE_FIXTURE(plan_database, "what was before the query is forgotten") {
  write_history({.refreshes = 50, .ms = 5000}, 60);
  sql("INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, "
      "end_time, data_timestamp, action, status, initiated_by) SELECT pgt_id, "
      "now() - interval '30 s', now(), now(), 'REINITIALIZE', 'COMPLETED', "
      "'MANUAL' FROM pgtrickle.pgt_stream_tables");
  CHECK(recommended()["samples"] == 0);
}

TEST_CASE_FIXTURE(plan_database, "auto_schedule carries out what is certain "
                                 "enough") {
  write_history({.refreshes = 900, .every_seconds = 5, .ms = 100});
  REQUIRE(engine::set_target_lag(session(), owner(), "kept", 5min, {}));
  options.carry_out_from = 2.0;
  const auto nothing
    = plans::bring_up_to_date(session(), options, true, 10, {});
  REQUIRE(nothing);
  CHECK(nothing->changed.empty());
  sql("UPDATE pgtrickle.pgt_stream_tables SET updated_at = clock_timestamp()");
  options.carry_out_from = 0.01;
  SUBCASE("an interval") {
    const auto done = plans::bring_up_to_date(session(), options, true, 10, {});
    REQUIRE(done);
    REQUIRE(done->changed.size() == 1);
    CHECK(done->changed[0].name == "public.kept");
    CHECK(text("SELECT schedule FROM pgtrickle.pgt_stream_tables")
          == done->changed[0].schedule);
    CHECK(text("SELECT automatic FROM pgtrickle.schedule_changes()") == "t");
  }
  SUBCASE("but no cron expression") {
    sql("UPDATE pgtrickle.pgt_stream_tables SET schedule = '*/5 * * * *'");
    const auto done = plans::bring_up_to_date(session(), options, true, 10, {});
    REQUIRE(done);
    CHECK(done->planned == 1);
    CHECK(done->changed.empty());
  }
}

TEST_CASE_FIXTURE(plan_database, "a stream table that was dropped leaves no "
                                 "plan") {
  write_history({});
  static_cast<void>(recommended());
  sql("DROP TABLE kept");
  CHECK(text("SELECT count(*) FROM pgtrickle.pgt_plans") == "0");
  CHECK(text("SELECT count(*) FROM pgtrickle.pgt_arrivals") == "0");
}
