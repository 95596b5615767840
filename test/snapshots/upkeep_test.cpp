// Verifying, adopting and dropping snapshots.

#include "services/snapshots/keeping.hpp"
#include "test/snapshots/snapshot_database.hpp"
#include "test/support/session.hpp"

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
          == "5");
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

TEST_CASE("a snapshot is due by its schedule") {
  using namespace std::chrono_literals;
  const std::chrono::sys_seconds noon{
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + 12h};
  const auto daily = *parse_schedule("1d");
  CHECK(snapshots::is_due(daily, {}, noon));
  CHECK_FALSE(snapshots::is_due(daily, noon, noon + 24h - 1s));
  CHECK(snapshots::is_due(daily, noon, noon + 24h));
  const auto nightly = *parse_schedule("0 3 * * *");
  CHECK_FALSE(snapshots::is_due(nightly, noon, noon + 15h - 1s));
  CHECK(snapshots::is_due(nightly, noon, noon + 15h));
  CHECK_FALSE(snapshots::is_due(nightly, noon + 15h, noon + 15h));
}

TEST_CASE_FIXTURE(snapshot_database, "snapshots are taken by a schedule, and "
                                     "thinned") {
  create("kept", totals);
  create("other", totals);
  stream_table_change change;
  change.name = "kept";
  change.snapshot_schedule = "soon";
  CHECK(engine::alter_stream_table(session(), owner(), change, {}).error().code
        == errc::invalid_argument);
  change.snapshot_schedule = "1h";
  change.snapshot_keep = 0;
  CHECK(engine::alter_stream_table(session(), owner(), change, {}).error().code
        == errc::invalid_argument);
  change.snapshot_keep = 2;
  REQUIRE(engine::alter_stream_table(session(), owner(), change, {}));
  const auto by_hand = take();
  for (int i = 0; i < 3; ++i) {
    const auto kept = snapshots::keep(session(), {});
    REQUIRE(kept);
    CHECK(kept->taken.size() == 1);
    CHECK(kept->dropped == (i < 2 ? 0 : 1));
    CHECK(snapshots::keep(session(), {})->taken.empty());
    sql("UPDATE pgtrickle.pgt_snapshots SET created_at = created_at - interval "
        "'1 hour'");
  }
  CHECK(text("SELECT count(*) FROM pgtrickle.list_snapshots('kept')") == "3");
  CHECK(text("SELECT to_regclass('" + by_hand + "') IS NOT NULL") == "t");
  SUBCASE("until it is switched off") {
    change.snapshot_schedule = "none";
    change.snapshot_keep = {};
    REQUIRE(engine::alter_stream_table(session(), owner(), change, {}));
    CHECK(snapshots::keep(session(), {})->taken.empty());
  }
  SUBCASE("with an alert when one can't be") {
    sql("ALTER TABLE pgtrickle.pgt_snapshots ADD CHECK (NOT automatic) NOT "
        "VALID");
    CHECK(snapshots::keep(session(), {})->failures.size() == 1);
    CHECK(snapshots::keep(session(), {})->failures.size() == 1);
    CHECK(text("SELECT count(*) FROM pgtrickle.pgt_alerts WHERE event = "
               "'snapshot_failed'")
          == "1");
  }
}

TEST_CASE_FIXTURE(snapshot_database, "the changes after a snapshot are kept up "
                                     "to a time, and up to a size") {
  create("kept", totals);
  const auto first = take();
  const auto second = take();
  const auto third = take();
  const auto resumable = [&](const std::string& snapshot) {
    return text("SELECT resumable FROM pgtrickle.list_snapshots() WHERE "
                "snapshot_table = '"
                + snapshot + "'")
           == "t";
  };
  REQUIRE(snapshots::keep(session(), {}));
  CHECK(resumable(first));
  SUBCASE("by the time") {
    sql("UPDATE pgtrickle.pgt_snapshots SET created_at = created_at - interval "
        "'25 h' WHERE snapshot_id = 1");
    CHECK(snapshots::keep(session(), {})->let_go == 1);
    CHECK(text("SELECT reason FROM pgtrickle.list_snapshots() WHERE NOT "
               "resumable")
          == "it is older than pg_trickle.snapshot_change_retention");
  }
  SUBCASE("by the size, the oldest first, and the buffer can be emptied then") {
    sql("INSERT INTO sale SELECT i, 'item1', i FROM generate_series(1000, "
        "60000) i");
    refresh({id_of()});
    pqxx::nontransaction{session().raw()}.exec(
      "SET pg_trickle.snapshot_change_retention_mb = 1");
    const auto size = [&] {
      return text("SELECT sum(total_size) > 1048576 FROM "
                  "pgtrickle._rotating_parts() WHERE source <> 0");
    };
    REQUIRE(engine::sweep_change_buffers(session(), {}));
    CHECK(size() == "t");
    CHECK(snapshots::keep(session(), {})->let_go == 1);
    REQUIRE(engine::sweep_change_buffers(session(), {}));
    CHECK(size() == "t");
    CHECK(snapshots::keep(session(), {})->let_go == 1);
    CHECK(snapshots::keep(session(), {})->let_go == 1);
    CHECK_FALSE(resumable(third));
    REQUIRE(engine::sweep_change_buffers(session(), {}));
    CHECK(size() == "f");
    CHECK(snapshots::keep(session(), {})->let_go == 0);
    CHECK(restore(third));
    CHECK(difference("kept", totals) == 0);
    return;
  }
  CHECK_FALSE(resumable(first));
  CHECK(resumable(second));
}

TEST_CASE_FIXTURE(snapshot_database, "what is stored is told, and who holds it "
                                     "is not waited for") {
  const auto stored = [&](const std::string& what) {
    return text("SELECT pgtrickle._stored_bytes() ->> '" + what + "'");
  };
  const auto buffers
    = "SELECT sum(total_size) FROM pgtrickle._rotating_parts()";
  create("kept", totals);
  CHECK(stored("snapshots") == "0");
  const auto snapshot = take();
  CHECK(stored("snapshots")
        == text("SELECT sum(size_bytes) FROM pgtrickle.list_snapshots()"));
  const auto before = stored("change_buffers");
  CHECK(before == text(buffers));
  sql("INSERT INTO sale SELECT i, 'item1', i FROM generate_series(1000, 9000) "
      "i");
  CHECK(stored("change_buffers") == text(buffers));
  CHECK(std::stol(stored("change_buffers")) > std::stol(before));
  test::session other{conninfo()};
  test::must(other, "BEGIN; LOCK TABLE " + snapshot);
  CHECK(text("SELECT pgtrickle._stored_bytes() IS NULL") == "t");
  CHECK(text("SELECT pgtrickle._figures() -> 'stored_bytes'") == "null");
}

TEST_CASE_FIXTURE(snapshot_database, "a view is no snapshot, whatever its "
                                     "comment: none of its functions is run "
                                     "with the daemon's rights") {
  create("kept", totals);
  const auto snapshot = take();
  sql("CREATE TABLE ran (as_whom text); CREATE FUNCTION runs() RETURNS boolean "
      "LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ran VALUES "
      "(current_user); RETURN true; END'; CREATE VIEW trap AS SELECT * FROM "
      + snapshot + " WHERE runs()");
  sql("DO $$ BEGIN EXECUTE format('COMMENT ON VIEW trap IS %L', "
      "obj_description('"
      + snapshot + "'::regclass, 'pg_class')); END $$");
  for (const auto* name : {"kept", "anew"})
    CHECK(not_restored("trap", name).code == errc::snapshot_source_not_found);
  const auto adopted = snapshots::adopt(session(), owner(), "trap", {});
  REQUIRE(!adopted);
  CHECK(adopted.error().message == "public.trap is not a table");
  const auto verified = snapshots::verify(session(), owner(), "trap");
  REQUIRE(!verified);
  CHECK(verified.error().message == "public.trap is not a table");
  CHECK(text("SELECT count(*) FROM ran") == "0");
}
