// The way back from a snapshot.

#include "test/snapshots/snapshot_database.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace pgtrickle;
using test::snapshot_database;
using test::totals;

namespace {

/// Changes that no aggregate can miss.
const std::string changes
  = "UPDATE sale SET amount = amount * 2 WHERE id % 3 = 0; "
    "DELETE FROM sale WHERE id % 11 = 0; "
    "INSERT INTO sale VALUES (1001, 'item1', 5), (1002, 'new', 6)";

} // namespace

TEST_CASE_FIXTURE(snapshot_database, "after a restore refreshes go on from the "
                                     "snapshot, differentially and exactly") {
  sql("CREATE TABLE price (item text, price int); INSERT INTO price SELECT "
      "'item' || i, i FROM generate_series(0, 9) i; CREATE TABLE event (item "
      "text, day int) PARTITION BY LIST (day); CREATE TABLE event_1 PARTITION "
      "OF event FOR VALUES IN (1); CREATE TABLE event_2 PARTITION OF event FOR "
      "VALUES IN (2); INSERT INTO event SELECT item, 1 + id % 2 FROM sale");
  const std::vector<std::pair<std::string, std::string>> queries{
    {"plain", "SELECT * FROM sale WHERE amount > 20"},
    {"totals", totals},
    {"averages", "SELECT item, avg(amount) AS a, stddev(amount) AS s, "
                 "array_agg(amount ORDER BY id) AS all_of FROM sale GROUP BY "
                 "item"},
    {"distinct_items", "SELECT DISTINCT item FROM sale"},
    {"joined", "SELECT s.item, sum(s.amount * p.price) AS worth FROM sale s "
               "LEFT JOIN price p USING (item) GROUP BY s.item"},
    {"nested", "SELECT n, count(*) AS c FROM (SELECT item, count(*) AS n FROM "
               "sale GROUP BY item) g GROUP BY n"},
    {"best", "SELECT * FROM sale ORDER BY amount DESC, id LIMIT 5"},
    {"ranked", "SELECT id, rank() OVER (PARTITION BY item ORDER BY amount) AS "
               "r FROM sale"},
    {"partitioned", "SELECT day, count(*) AS n, max(item) AS last FROM event "
                    "GROUP BY day"},
    {"missing", "SELECT * FROM price p WHERE NOT EXISTS (SELECT FROM sale s "
                "WHERE s.item = p.item)"}};
  std::vector<std::string> snapshots;
  for (const auto& [name, query] : queries) {
    create(name, query);
    snapshots.push_back(take(name));
  }
  sql(changes
      + "; DELETE FROM price WHERE price = 3; UPDATE event SET day = 3 - day "
        "WHERE item = 'item2'; DELETE FROM event_1 WHERE item = 'item6'");
  for (const auto& [name, query] : queries)
    refresh({id_of(name)});
  sql("UPDATE sale SET item = 'item3' WHERE id % 17 = 0; INSERT INTO price "
      "VALUES ('new', 100); INSERT INTO event VALUES ('new', 2)");
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto& [name, query] = queries[i];
    CAPTURE(name);
    const auto rows = text(fmt::format(
      "SELECT header ->> 'row_count' FROM pgtrickle.pgt_snapshots WHERE "
      "stream_table = '{}'",
      name));
    CHECK_FALSE(restore(snapshots[i], name));
    CHECK(notices.empty());
    CHECK(text("SELECT count(*) FROM " + name) == rows);
    CHECK(difference(name, "SELECT * FROM " + snapshots[i]) == 0);
    CHECK(frontier_of(name)
          == text("SELECT frontier FROM pgtrickle.pgt_snapshots WHERE "
                  "stream_table = '"
                  + name + "'"));
    CHECK(refresh({id_of(name)}).at(0).action == "DIFFERENTIAL");
    CHECK(difference(name, query) == 0);
    sql(
      fmt::format("UPDATE sale SET amount = amount + 1 WHERE id = {}", i + 1));
    refresh({id_of(name)});
    CHECK(difference(name, query) == 0);
  }
}

TEST_CASE_FIXTURE(snapshot_database, "a stream table that was dropped comes "
                                     "back with its rows and its frontier") {
  create("kept", totals);
  sql("ALTER TABLE kept ADD PRIMARY KEY (item)");
  const auto snapshot = take();
  const auto frontier = frontier_of();
  REQUIRE(engine::drop_stream_table(session(), owner(), "kept", false, {}));
  CHECK(text("SELECT resumable FROM pgtrickle.list_snapshots('kept')") == "t");
  sql(changes);
  CHECK_FALSE(restore(snapshot));
  CHECK(difference("kept", "SELECT * FROM " + snapshot) == 0);
  CHECK(frontier_of() == frontier);
  CHECK(text("SELECT count(*) FROM pg_stats WHERE tablename = 'kept'") == "4");
  CHECK(text("SELECT count(*) FROM pg_index WHERE indrelid = 'kept'::regclass "
             "AND indisprimary")
        == "1");
  CHECK(refresh({id_of()}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", totals) == 0);
  SUBCASE("and can be given another query") {
    stream_table_change change;
    change.name = "kept";
    change.query = "SELECT amount, count(*) AS n FROM sale GROUP BY amount";
    const auto altered
      = engine::alter_stream_table(session(), owner(), change, {});
    REQUIRE_MESSAGE(altered, altered.error().message);
    CHECK(difference("(SELECT amount, n FROM kept) AS k", *change.query) == 0);
  }
  SUBCASE("under another name too") {
    CHECK_FALSE(restore(snapshot, "\"Another one\""));
    CHECK(refresh({id_of("\"Another one\"")}).at(0).action == "DIFFERENTIAL");
    CHECK(difference("\"Another one\"", totals) == 0);
  }
}

TEST_CASE_FIXTURE(snapshot_database, "without the changes since the snapshot "
                                     "the rows are reconciled, and it is said "
                                     "why") {
  create("kept", totals);
  const auto snapshot = take();
  SUBCASE("which were let go") {
    sql("SELECT pgtrickle._unpin_snapshots(array_agg(snapshot_id), 'purged on "
        "purpose') FROM pgtrickle.pgt_snapshots");
  }
  SUBCASE("whose trigger was dropped") {
    sql("DROP TRIGGER pgt_capture_" + text("SELECT 'sale'::regclass::oid")
        + "_insert ON sale");
    refresh({id_of()});
  }
  SUBCASE("whose column had another type in between") {
    sql("ALTER TABLE sale ALTER amount TYPE bigint; ALTER TABLE sale ALTER "
        "amount TYPE int");
    refresh({id_of()});
  }
  SUBCASE("when the table is one that was merely copied") {
    sql("CREATE TABLE copy AS TABLE " + snapshot);
    sql("DO $$ BEGIN EXECUTE format('COMMENT ON TABLE copy IS %L', "
        "obj_description('"
        + snapshot + "'::regclass, 'pg_class')); END $$");
    sql(changes);
    CHECK(restore("copy"));
    CHECK(notices.at(0).find("not registered") != std::string::npos);
    CHECK(difference("kept", totals) == 0);
    return;
  }
  const auto why = text("SELECT reason FROM pgtrickle.list_snapshots() WHERE "
                        "NOT resumable");
  CHECK(!why.empty());
  sql(changes);
  CHECK(restore(snapshot));
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("can't go on from snapshot") != std::string::npos);
  CHECK(notices[0].find(why) != std::string::npos);
  CHECK(text("SELECT reason FROM pgtrickle.pgt_refresh_history WHERE action = "
             "'RESTORE' ORDER BY refresh_id DESC LIMIT 1")
          .find(why)
        != std::string::npos);
  CHECK(difference("kept", totals) == 0);
}

TEST_CASE_FIXTURE(snapshot_database, "what reads the stream table gets the "
                                     "difference") {
  create("kept", totals);
  create("above", "SELECT item, total FROM kept WHERE n > 2");
  const auto snapshot = take();
  sql("UPDATE sale SET amount = amount + 1 WHERE item = 'item2'");
  refresh({id_of(), id_of("above")});
  restore(snapshot);
  const auto outcome = refresh({id_of("above")}).at(0);
  CHECK(outcome.action == "DIFFERENTIAL");
  CHECK(outcome.changes_consumed == 2);
  CHECK(difference("above", "SELECT item, total FROM kept WHERE n > 2") == 0);
  refresh({id_of(), id_of("above")});
  CHECK(difference("kept", totals) == 0);
  CHECK(difference("above", "SELECT item, total FROM kept WHERE n > 2") == 0);
}

TEST_CASE_FIXTURE(snapshot_database,
                  "indexes, grants, triggers and views stay") {
  create("kept", totals);
  sql("CREATE INDEX by_total ON kept (total); GRANT SELECT ON kept TO PUBLIC; "
      "CREATE VIEW over AS SELECT * FROM kept; CREATE TABLE log (n int); "
      "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "INSERT INTO public.log VALUES (1); RETURN NULL; END $$; CREATE TRIGGER "
      "noted "
      "AFTER INSERT ON kept FOR EACH STATEMENT EXECUTE FUNCTION note()");
  const auto snapshot = take();
  const std::string kept
    = "SELECT concat_ws(',', c.oid, c.relacl, (SELECT count(*) FROM pg_index "
      "WHERE indrelid = c.oid), (SELECT count(*) FROM pg_trigger WHERE tgrelid "
      "= c.oid)) FROM pg_class c WHERE oid = 'kept'::regclass";
  const auto before = text(kept);
  sql(changes);
  refresh({id_of()});
  restore(snapshot);
  CHECK(text(kept) == before);
  CHECK(text("SELECT count(*) FROM over") == "7");
  CHECK(text("SELECT count(*) > 0 FROM log") == "t");
}

TEST_CASE_FIXTURE(snapshot_database, "what is not the snapshot of this stream "
                                     "table is refused before anything "
                                     "changes") {
  create("kept", totals);
  const auto snapshot = take();
  CHECK(not_restored("nothing").code == errc::snapshot_source_not_found);
  CHECK(not_restored("sale").code == errc::snapshot_source_not_found);
  create("other", "SELECT item, count(*) AS n, sum(amount) AS total, "
                  "min(amount) AS most FROM sale GROUP BY item");
  create("narrow", "SELECT item FROM sale");
  auto error = not_restored(snapshot, "other");
  CHECK(error.code == errc::snapshot_schema_version_mismatch);
  CHECK(error.state() == "42P17");
  CHECK(error.detail.find("sale") != std::string::npos);
  error = not_restored(snapshot, "narrow");
  CHECK(error.code == errc::snapshot_schema_version_mismatch);
  CHECK(error.detail.find("only the snapshot has") != std::string::npos);
  CHECK(not_restored(snapshot, "sale").code == errc::stream_table_not_found);
  auto expected = errc::snapshot_corrupt;
  SUBCASE("a row was changed") {
    sql("UPDATE " + snapshot + " SET total = total + 1 WHERE item = 'item3'");
    error = not_restored(snapshot);
    CHECK(error.code == errc::snapshot_corrupt);
    CHECK(error.detail.find("hash") != std::string::npos);
  }
  SUBCASE("a row was doubled and another one is gone") {
    sql("DELETE FROM " + snapshot + " WHERE item = 'item3'; INSERT INTO "
        + snapshot + " SELECT * FROM " + snapshot + " WHERE item = 'item4'");
    CHECK(not_restored(snapshot).code == errc::snapshot_corrupt);
  }
  SUBCASE("rows are missing") {
    sql("DELETE FROM " + snapshot + " WHERE item = 'item3'");
    CHECK(not_restored(snapshot).detail == "7 rows were copied, 6 are there");
  }
  SUBCASE("a column was added") {
    sql("ALTER TABLE " + snapshot + " ADD more int");
    CHECK(not_restored(snapshot).detail.find("more integer")
          != std::string::npos);
  }
  SUBCASE("its format is of another version") {
    sql("UPDATE pgtrickle.pgt_snapshots SET header = header || "
        "'{\"pgtrickle_snapshot\": 2}'");
    error = not_restored(snapshot);
    CHECK(error.code == errc::snapshot_schema_version_mismatch);
    CHECK(error.message
          == "the snapshot's format is 2, and this version reads "
             "1");
    expected = errc::snapshot_schema_version_mismatch;
  }
  CHECK(difference("kept", totals) == 0);
  CHECK(not_restored(snapshot, "anew").code == expected);
  CHECK(text("SELECT to_regclass('anew') IS NULL") == "t");
}

TEST_CASE_FIXTURE(snapshot_database, "a renamed source is the same source") {
  create("kept", totals);
  const auto snapshot = take();
  sql("ALTER TABLE sale RENAME TO sold");
  refresh({id_of()});
  sql("UPDATE sold SET amount = 3 WHERE id < 9");
  const std::string now
    = "SELECT item, count(*) AS n, sum(amount) AS total, max(amount) AS most "
      "FROM sold GROUP BY item";
  CHECK_FALSE(restore(snapshot));
  CHECK(refresh({id_of()}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", now) == 0);
}

TEST_CASE_FIXTURE(snapshot_database, "an IMMEDIATE stream table is right when "
                                     "the restore commits") {
  create("kept", totals, "IMMEDIATE");
  const auto snapshot = take();
  CHECK(text("SELECT reason FROM pgtrickle.list_snapshots()")
        == "an IMMEDIATE stream table has no change history");
  sql(changes);
  CHECK_FALSE(restore(snapshot));
  CHECK(notices.size() == 1);
  CHECK(difference("kept", totals) == 0);
  sql("UPDATE sale SET amount = 1 WHERE id = 8");
  CHECK(difference("kept", totals) == 0);
  REQUIRE(engine::drop_stream_table(session(), owner(), "kept", false, {}));
  CHECK_FALSE(restore(snapshot));
  CHECK(difference("kept", totals) == 0);
  sql("UPDATE sale SET amount = 2 WHERE id = 8");
  CHECK(difference("kept", totals) == 0);
}

TEST_CASE_FIXTURE(snapshot_database, "an IMMEDIATE stream table in ERROR "
                                     "follows its writers after a restore") {
  sql("CREATE TABLE item (item text)");
  const std::string query = "SELECT id, item FROM sale NATURAL JOIN item";
  create("kept", query, "IMMEDIATE");
  const auto snapshot = take();
  sql("DROP TABLE item");
  const auto outcomes
    = refresher().run({{id_of()}, engine::initiator::scheduler}, {});
  REQUIRE(outcomes);
  REQUIRE(outcomes->at(0).status == "ERROR");
  sql("CREATE TABLE item AS SELECT DISTINCT item FROM sale");
  CHECK_FALSE(restore(snapshot));
  CHECK(difference("kept", query) == 0);
  sql("DELETE FROM sale WHERE id < 9");
  CHECK(difference("kept", query) == 0);
}
