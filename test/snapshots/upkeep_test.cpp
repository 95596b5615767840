// Verifying, adopting and dropping snapshots.

#include "test/snapshots/snapshot_database.hpp"

#include <fmt/format.h>

using namespace pgtrickle;
using test::snapshot_database;
using test::totals;

TEST_CASE_FIXTURE(snapshot_database, "a tampered row is found") {
  create("kept", totals);
  const auto snapshot = take();
  auto found = snapshots::verify(session(), owner(), snapshot);
  REQUIRE(found);
  CHECK(found->detail.empty());
  CHECK(found->row_count == 7);
  sql("UPDATE " + snapshot + " SET most = most - 1 WHERE item = 'item0'");
  found = snapshots::verify(session(), owner(), snapshot);
  REQUIRE(found);
  CHECK(found->detail.find("hash") != std::string::npos);
}

TEST_CASE_FIXTURE(snapshot_database, "a drop takes all that is left, and only "
                                     "of registered snapshots") {
  create("kept", "SELECT item, avg(amount) AS a, max(amount) AS m FROM sale "
                 "GROUP BY item");
  const auto arrangements = [&] {
    return text("SELECT count(*) FROM pg_class WHERE relname LIKE "
                "'snapshot\\_%arrangement%'");
  };
  const auto snapshot = take();
  CHECK(text("SELECT cardinality(arrangements) FROM pgtrickle.pgt_snapshots")
        == arrangements());
  SUBCASE("with its table") {}
  SUBCASE("after its table") {
    sql("DROP TABLE " + snapshot);
    const auto listed = sql("SELECT * FROM pgtrickle.list_snapshots('kept')");
    REQUIRE(listed.size() == 1);
    CHECK(listed[0]["snapshot_table"].as<std::string>() == snapshot);
    CHECK(listed[0]["size_bytes"].is_null());
    CHECK(listed[0]["reason"].as<std::string>() == "its table was dropped");
    CHECK(not_restored(snapshot).code == errc::snapshot_source_not_found);
  }
  SUBCASE("after the stream table, and its capture with it") {
    REQUIRE(engine::drop_stream_table(session(), owner(), "kept", false, {}));
    CHECK(text("SELECT count(*) FROM pg_trigger WHERE tgname LIKE "
               "'pgt_capture%'")
          == "4");
    REQUIRE(snapshots::drop(session(), owner(), snapshot, {}));
    CHECK(text("SELECT count(*) FROM pg_trigger WHERE tgname LIKE "
               "'pgt_capture%'")
          == "0");
    return;
  }
  REQUIRE(snapshots::drop(session(), owner(), snapshot, {}));
  CHECK(arrangements() == "0");
  CHECK(text("SELECT count(*) FROM pgtrickle.pgt_snapshots") == "0");
  CHECK(text("SELECT count(*) FROM pgtrickle.pgt_snapshot_sources") == "0");
  CHECK(text("SELECT to_regclass('" + snapshot + "')").empty());
  for (const auto& other :
       {snapshot, std::string{"sale"}, std::string{"kept"}}) {
    const auto dropped = snapshots::drop(session(), owner(), other, {});
    REQUIRE(!dropped);
    CHECK(dropped.error().code == errc::snapshot_source_not_found);
  }
  CHECK(text("SELECT count(*) FROM sale") == "200");
}

TEST_CASE_FIXTURE(snapshot_database, "a copy with its comment can be adopted") {
  create("kept", totals);
  const auto snapshot = take();
  sql("CREATE TABLE copy AS TABLE " + snapshot);
  CHECK(snapshots::adopt(session(), owner(), "copy", {}).error().code
        == errc::snapshot_source_not_found);
  sql("DO $$ BEGIN EXECUTE format('COMMENT ON TABLE copy IS %L', "
      "obj_description('"
      + snapshot + "'::regclass, 'pg_class')); END $$");
  CHECK(snapshots::adopt(session(), owner(), snapshot, {}).error().code
        == errc::snapshot_already_exists);
  SUBCASE("if it is whole") {
    const auto adopted = snapshots::adopt(session(), owner(), "copy", {});
    REQUIRE(adopted);
    CHECK(*adopted == "public.copy");
    CHECK(text("SELECT reason FROM pgtrickle.list_snapshots() WHERE "
               "snapshot_table = 'public.copy'")
          == "the changes after it were not kept");
    CHECK(restore("copy"));
    CHECK(difference("kept", totals) == 0);
  }
  SUBCASE("and not if it is not") {
    sql("DELETE FROM copy WHERE item = 'item1'");
    CHECK(snapshots::adopt(session(), owner(), "copy", {}).error().code
          == errc::snapshot_corrupt);
  }
}
