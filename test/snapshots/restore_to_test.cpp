// A stream table at a moment of its past.

#include "test/snapshots/snapshot_database.hpp"

#include <fmt/format.h>

using namespace pgtrickle;
using test::snapshot_database;
using test::totals;

namespace {

struct past_database : snapshot_database {
  using snapshot_database::snapshot_database;

  /// The time now, at which `name` is remembered as it is to be.
  std::string remember(const std::string& name, const std::string& query) {
    sql(fmt::format("CREATE TABLE {} AS {}", name, query));
    return text("SELECT clock_timestamp()");
  }

  result<snapshots::rewinding> rewind(const std::string& time,
                                      const std::string& name = "kept") {
    return snapshots::restore_to(session(), owner(), name, time, {});
  }

  std::string status() {
    return text("SELECT status FROM pgtrickle.pgt_stream_tables WHERE pgt_name "
                "= 'kept'");
  }
};

struct tracking_database : past_database {
  tracking_database() : past_database("track_commit_timestamp = on") {}
};

} // namespace

TEST_CASE_FIXTURE(tracking_database, "with commit timestamps every moment is "
                                     "reached exactly, also among transactions "
                                     "that were open at the time") {
  sql(
    "CREATE TABLE price (item text PRIMARY KEY, price int); INSERT INTO price "
    "SELECT 'item' || i, i FROM generate_series(0, 6) i");
  const std::string query
    = "SELECT s.item, p.price, count(*) AS n, sum(s.amount * p.price) AS worth "
      "FROM sale s JOIN price p USING (item) GROUP BY s.item, p.price";
  create("kept", query);
  take();
  pqxx::connection other{conninfo()};
  std::vector<std::string> times;
  for (int i = 0; i < 8; ++i) {
    // begun before the moment, and committed after it
    pqxx::work open{other};
    open.exec(fmt::format("UPDATE sale SET amount = amount + 7 WHERE id % 5 = "
                          "{}",
                          i % 5));
    sql(fmt::format("INSERT INTO sale VALUES ({}, 'item{}', 3)", 2000 + i,
                    i % 7));
    times.push_back(remember(fmt::format("past_{}", i), query));
    open.commit();
    sql("UPDATE price SET price = price + 1 WHERE item = 'item1'; DELETE FROM "
        "sale WHERE id = "
        + std::to_string(i + 1));
    if (i % 3 == 0)
      refresh({id_of()});
  }
  for (std::size_t i = times.size(); i-- > 0;) {
    CAPTURE(i);
    const auto done = rewind(times[i]);
    REQUIRE_MESSAGE(done, done.error().message << done.error().detail);
    CHECK(
      text("SELECT '" + done->reached + "'::timestamptz = '" + times[i] + "'")
      == "t");
    CHECK(difference("kept", fmt::format("TABLE past_{}", i)) == 0);
    CHECK(status() == "SUSPENDED");
    REQUIRE(engine::resume_stream_table(session(), owner(), "kept", {}));
    refresh({id_of()});
    CHECK(difference("kept", query) == 0);
  }
}

TEST_CASE_FIXTURE(tracking_database, "a stream table that came back reaches "
                                     "moments before it was dropped") {
  create("kept", totals);
  create("other", totals);
  const auto snapshot = take();
  take("other");
  sql("UPDATE sale SET amount = 0 WHERE id < 50");
  const auto time = remember("past", totals);
  sql("DELETE FROM sale WHERE item = 'item2'");
  REQUIRE(engine::drop_stream_table(session(), owner(), "kept", false, {}));
  restore(snapshot, "another");
  CHECK(sql("SELECT FROM pgtrickle.list_snapshots('another')").size() == 1);
  restore(snapshot);
  CHECK(sql("SELECT FROM pgtrickle.list_snapshots('another')").size() == 1);
  const auto done = rewind(time, "another");
  REQUIRE_MESSAGE(done, done.error().message << done.error().detail);
  CHECK(difference("another", "TABLE past") == 0);
  CHECK(text("SELECT count(*) FROM pgtrickle.pgt_snapshots WHERE pgt_id = "
             "(SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE pgt_name = "
             "'other')")
        == "1");
}

TEST_CASE_FIXTURE(past_database, "without commit timestamps the last refresh "
                                 "before the time is reached") {
  create("kept", totals);
  create("clock", "SELECT count(*) AS n FROM sale");
  take();
  sql("UPDATE sale SET amount = 0 WHERE id < 50");
  refresh({id_of("clock")});
  const auto refreshed
    = text("SELECT data_timestamp FROM pgtrickle.pgt_stream_tables WHERE "
           "pgt_name = 'clock'");
  const auto time = remember("past", totals);
  sql("DELETE FROM sale WHERE item = 'item2'");
  refresh({id_of()});
  CHECK(difference("kept", totals) == 0);
  const auto done = rewind(time);
  REQUIRE_MESSAGE(done, done.error().message << done.error().detail);
  CHECK(text("SELECT '" + done->reached + "'::timestamptz = '" + refreshed
             + "'::timestamptz")
        == "t");
  CHECK(difference("kept", "TABLE past") == 0);
  CHECK(status() == "SUSPENDED");
  CHECK(text("SELECT data_timestamp = '" + refreshed
             + "' FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'kept'")
        == "t");
  REQUIRE(engine::resume_stream_table(session(), owner(), "kept", {}));
  refresh({id_of()});
  CHECK(difference("kept", totals) == 0);
}

TEST_CASE_FIXTURE(past_database, "a query without arrangements goes on from "
                                 "there differentially") {
  const std::string query = "SELECT id, amount FROM sale WHERE amount > 10";
  create("kept", query);
  const auto snapshot = take();
  const auto time = remember("past", query);
  sql("UPDATE sale SET amount = amount + 5; INSERT INTO sale VALUES (999, 'x', "
      "99)");
  refresh({id_of()});
  REQUIRE(rewind(time));
  CHECK(difference("kept", "TABLE past") == 0);
  REQUIRE(engine::resume_stream_table(session(), owner(), "kept", {}));
  CHECK(refresh({id_of()}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", query) == 0);
}

TEST_CASE_FIXTURE(past_database, "a time that can't be reached is refused with "
                                 "the range that can") {
  create("kept", totals);
  const auto early = remember("past", totals);
  auto refused = rewind(early);
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::invalid_argument);
  CHECK(refused.error().hint.find("snapshot_stream_table")
        != std::string::npos);
  refresh({id_of()});
  sql("INSERT INTO sale VALUES (1000, 'item1', 1)");
  refresh({id_of()});
  take();
  refused = rewind(early);
  REQUIRE(!refused);
  CHECK(refused.error().detail.starts_with("It can be restored to any time "
                                           "from "));
  CHECK(!rewind("2100-01-01"));
  CHECK(rewind("yesterday at tea").error().state() == "22007");
  const auto late = remember("later", totals);
  sql("TRUNCATE sale");
  refresh({id_of()});
  refused = rewind(late);
  REQUIRE(!refused);
  CHECK(refused.error().message.find("truncated") != std::string::npos);
  CHECK(difference("kept", totals) == 0);
  CHECK(status() == "ACTIVE");
}

TEST_CASE_FIXTURE(past_database, "what has no history is refused") {
  create("kept", totals, "IMMEDIATE");
  take();
  CHECK(rewind("2026-01-01").error().code == errc::wrong_state);
  create("recomputed", "SELECT id, random() AS r FROM sale", "AUTO");
  take("recomputed");
  const auto refused = rewind(text("SELECT clock_timestamp()"), "recomputed");
  REQUIRE(!refused);
  CHECK_MESSAGE(refused.error().code == errc::unsupported_query,
                refused.error().message);
}
