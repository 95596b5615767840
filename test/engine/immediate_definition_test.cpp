// Creating, changing and dropping IMMEDIATE stream tables.

#include "test/engine/sales_database.hpp"

using namespace pgtrickle;
using test::by_item;

TEST_CASE_FIXTURE(test::sales_database,
                  "what can't be kept in a writer's transaction is "
                  "refused with the reason") {
  CHECK(refused("SELECT id, random() AS r FROM sale").state() == "0A000");
  CHECK(refused("SELECT id FROM sale WHERE now() > '2000-01-01'").state()
        == "0A000");
  CHECK(refused("SELECT relname FROM pg_class").state() == "0A000");
  sql("CREATE TABLE part (id int) PARTITION BY RANGE (id); CREATE TABLE part_1 "
      "PARTITION OF part FOR VALUES FROM (1) TO (9)");
  CHECK(refused("SELECT id FROM part_1").state() == "0A000");
  sql("CREATE TABLE hidden (id int); ALTER TABLE hidden ENABLE ROW LEVEL "
      "SECURITY");
  CHECK(refused("SELECT id FROM hidden").state() == "0A000");
  sql("CREATE MATERIALIZED VIEW seen AS SELECT 1 AS id");
  CHECK(refused("SELECT id FROM seen").state() == "0A000");
  const auto empty = engine::create_stream_table(session(), owner(),
                                                 {.name = "kept",
                                                  .query = by_item,
                                                  .refresh_mode = "IMMEDIATE",
                                                  .initialize = false},
                                                 {});
  REQUIRE(!empty);
  CHECK(empty.error().state() == "22023");
}

TEST_CASE_FIXTURE(test::sales_database,
                  "an IMMEDIATE stream table needs no change buffer, and "
                  "leaves nothing behind") {
  create("kept", by_item, "IMMEDIATE");
  CHECK(buffers() == 0);
  REQUIRE(engine::drop_stream_table(session(), owner(), "kept", false, {}));
  CHECK(left() == 0);
  create("kept", by_item, "IMMEDIATE");
  sql("DROP TABLE kept");
  CHECK(left() == 0);
  create("kept", by_item, "IMMEDIATE");
  sql("DROP TABLE sale; DROP TABLE kept; CREATE TABLE sale ()");
  CHECK(left() == 0);
}

TEST_CASE_FIXTURE(test::sales_database,
                  "a stream table goes to IMMEDIATE and back") {
  const auto id = create("kept", by_item);
  sql("INSERT INTO sale VALUES (100, 'late', 1, 'x')");
  const auto altered = alter([&](auto& x) { x.refresh_mode = "IMMEDIATE"; });
  REQUIRE_MESSAGE(altered, altered.error().message);
  CHECK(difference("kept", by_item) == 0);
  CHECK(buffers() == 0);
  sql("BEGIN; DELETE FROM sale WHERE id < 5");
  CHECK(difference("kept", by_item) == 0);
  sql("COMMIT");
  CHECK(!alter([&](auto& x) { x.schedule = "1m"; }));
  CHECK(!alter([&](auto& x) { x.status = "SUSPENDED"; }));

  const std::string other
    = "SELECT item, max(amount)::bigint AS n, sum(id) AS total FROM sale GROUP "
      "BY item";
  REQUIRE(alter([&](auto& x) { x.query = other; }));
  CHECK(difference("kept", other) == 0);
  sql("DELETE FROM sale WHERE id < 9");
  CHECK(difference("kept", other) == 0);

  REQUIRE(alter([&](auto& x) {
    x.schedule = "1m";
    x.refresh_mode = "DIFFERENTIAL";
  }));
  sql("DELETE FROM sale WHERE id < 12");
  CHECK(difference("kept", other) > 0);
  CHECK(refresh({id}).at(0).action == "REINITIALIZE");
  CHECK(difference("kept", other) == 0);
  sql("DELETE FROM sale WHERE id < 15");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", other) == 0);
  REQUIRE(engine::sweep_change_buffers(session(), {}));
  REQUIRE(engine::drop_stream_table(session(), owner(), "kept", false, {}));
  CHECK(left() == 0);
}

TEST_CASE_FIXTURE(test::sales_database,
                  "stream tables read one another in both modes") {
  create("kept", by_item, "IMMEDIATE");
  const auto deferred
    = create("deferred", "SELECT n, count(*) AS m FROM kept GROUP BY n");
  const auto source = create("low", "SELECT id, item FROM sale WHERE id < 50");
  create("on_top",
         "SELECT k.item, k.n, l.id FROM kept k JOIN low l ON l.item "
         "= k.item",
         "IMMEDIATE");
  create("higher", "SELECT item, sum(n) AS n FROM on_top GROUP BY item",
         "IMMEDIATE");
  const auto check = [&] {
    CHECK(difference("kept", by_item) == 0);
    CHECK(difference("on_top", "SELECT k.item, k.n, l.id FROM kept k JOIN low "
                               "l ON l.item = k.item")
          == 0);
    CHECK(difference("higher", "SELECT item, sum(n) FROM on_top GROUP BY item")
          == 0);
  };
  sql("INSERT INTO sale VALUES (30, 'item1', 1, 'x'), (31, 'new', 2, 'x')");
  check();
  CHECK(refresh({deferred, source}).at(0).action == "DIFFERENTIAL");
  check();
  sql("BEGIN; UPDATE sale SET item = 'item0'");
  check();
  sql("COMMIT");
  refresh({source});
  check();
  refresh({deferred});
  CHECK(difference("deferred", "SELECT n, count(*) AS m FROM kept GROUP BY n")
        == 0);
  REQUIRE(engine::sweep_change_buffers(session(), {}));
}

TEST_CASE_FIXTURE(test::sales_database,
                  "a refresh mends it, and leaves it alone otherwise") {
  const auto id = create("kept", by_item, "IMMEDIATE");
  CHECK(refresh({id}).at(0).action == "NO_DATA");
  sql("ALTER TABLE sale DISABLE TRIGGER USER; DELETE FROM sale WHERE id = 2; "
      "ALTER TABLE sale ENABLE TRIGGER USER");
  CHECK(difference("kept", by_item) == 0);
  sql(
    "ALTER EVENT TRIGGER pg_trickle_ddl_tracker DISABLE; ALTER TABLE sale "
    "DISABLE TRIGGER USER; DELETE FROM sale WHERE id = 3; ALTER EVENT TRIGGER "
    "pg_trickle_ddl_tracker ENABLE ALWAYS; ALTER TABLE sale ENABLE TRIGGER "
    "USER");
  CHECK(difference("kept", by_item) > 0);
  auto db = postgres::session::open({.conninfo = conninfo()});
  REQUIRE(db);
  engine::refresher_session refresher{std::move(*db)};
  const auto outcomes = refresher.run({{id}, engine::initiator::manual}, {});
  REQUIRE(outcomes);
  CHECK(!outcomes->at(0).error);
  CHECK(outcomes->at(0).action == "FULL");
  CHECK(difference("kept", by_item) == 0);
  const auto again = refresher.run({{id}, engine::initiator::manual}, {});
  REQUIRE(again);
  CHECK(again->at(0).action == "FULL");
  CHECK(again->at(0).rows_inserted + again->at(0).rows_deleted == 0);
  sql("DELETE FROM sale WHERE id = 4");
  CHECK(difference("kept", by_item) == 0);
  CHECK(sql("SELECT string_agg(action, ' ' ORDER BY refresh_id) FROM "
            "pgtrickle.pgt_refresh_history")[0][0]
          .as<std::string>()
        == "FULL FULL FULL");
}

TEST_CASE_FIXTURE(test::sales_database,
                  "DDL on a source never leads to wrong rows") {
  const auto id = create("kept", by_item, "IMMEDIATE");
  sql("ALTER TABLE sale ADD more int DEFAULT 1; ALTER TABLE sale DROP secret");
  sql("DELETE FROM sale WHERE id < 4");
  CHECK(difference("kept", by_item) == 0);

  sql("ALTER TABLE sale ALTER amount TYPE numeric");
  CHECK(state_of("INSERT INTO sale VALUES (100, 'new', 1.5)") == "55000");
  sql("ALTER TABLE sale ALTER amount TYPE int");
  refresh({id});
  sql("INSERT INTO sale VALUES (100, 'new', 1)");
  CHECK(difference("kept", by_item) == 0);

  sql("ALTER TABLE sale RENAME item TO article");
  // what this program computes from changes alone needs no name of a column
  sql("DELETE FROM sale WHERE id < 5; ALTER TABLE sale RENAME article TO "
      "item");
  CHECK(difference("kept", by_item) == 0);
  sql("DELETE FROM sale WHERE id < 6");
  CHECK(difference("kept", by_item) == 0);

  sql("CREATE TABLE above (LIKE sale)");
  CHECK(state_of("ALTER TABLE sale INHERIT above") == "55006");

  sql("ALTER TABLE sale DROP amount");
  CHECK(state_of("DELETE FROM sale WHERE id < 8") == "55000");
  sql("DROP TABLE kept; DELETE FROM sale");
  CHECK(left() == 0);
}

TEST_CASE_FIXTURE(test::sales_database,
                  "a trigger that was dropped is there again, and no write "
                  "comes between") {
  const auto id = create("kept", by_item, "IMMEDIATE");
  const auto before = left();
  for (const auto* event : {"before", "insert", "update", "delete", "truncate",
                            "replica", "replica_end", "replica_truncate"}) {
    CAPTURE(event);
    sql(std::string("DO $$ BEGIN EXECUTE format('DROP TRIGGER %I ON sale', "
                    "(SELECT tgname FROM pg_trigger WHERE tgname ~ "
                    "'^pgt_immediate_\\d+_\\d+_")
        + event
        + "$')); DELETE FROM sale WHERE id = (SELECT min(id) FROM sale);"
        + " UPDATE sale SET amount = amount + 1; INSERT INTO sale SELECT "
          "max(id) + 1, 'late', 3 FROM sale; END $$");
    CHECK(left() == before);
    CHECK(difference("kept", by_item) == 0);
  }
  sql("DO $$ BEGIN EXECUTE (SELECT format('DROP FUNCTION %s CASCADE', "
      "oid::regprocedure) FROM pg_proc WHERE proname ~ '^follow_'); END $$; "
      "TRUNCATE sale");
  CHECK(left() == before);
  CHECK(difference("kept", by_item) == 0);
  CHECK(refresh({id}).at(0).action == "NO_DATA");
}

TEST_CASE_FIXTURE(test::sales_database,
                  "the triggers of a source keep their names") {
  create("kept", by_item, "IMMEDIATE");
  create("deferred", by_item);
  const auto names = sql("SELECT tgname FROM pg_trigger WHERE tgrelid = "
                         "'sale'::regclass AND tgname ~ '^pgt_'");
  CHECK(names.size() == 13);
  sql("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
      "RETURN NULL; END'");
  for (const auto& row : names) {
    const auto name = row[0].as<std::string>();
    CAPTURE(name);
    CHECK(state_of("ALTER TRIGGER " + name + " ON sale RENAME TO mine")
          == "55000");
    // PostgreSQL itself lets no constraint trigger be replaced.
    CHECK(state_of("CREATE OR REPLACE TRIGGER " + name
                   + " AFTER INSERT ON sale EXECUTE FUNCTION nothing()")
          == (name.ends_with("_replica_end") ? "42710" : "55000"));
  }
  sql("CREATE TRIGGER mine AFTER INSERT ON sale EXECUTE FUNCTION nothing(); "
      "ALTER TRIGGER mine ON sale RENAME TO other; DROP TRIGGER other ON sale");
}

TEST_CASE_FIXTURE(test::sales_database,
                  "a transaction of many statements keeps its staging "
                  "tables small") {
  create("kept", by_item, "IMMEDIATE");
  sql("BEGIN");
  sql("DO $$ BEGIN FOR i IN 1..3000 LOOP BEGIN INSERT INTO sale VALUES (1000 + "
      "i, 'item' || i % 3, i); EXCEPTION WHEN OTHERS THEN RAISE; END; END "
      "LOOP; END $$");
  CHECK(difference("kept", by_item) == 0);
  sql("COMMIT");
  CHECK(sql("SELECT max(pg_relation_size(oid)) < 1000000 FROM pg_class WHERE "
            "relnamespace = 'pgtrickle_state'::regnamespace AND "
            "relpersistence = 'u'")[0][0]
          .as<bool>());
}
