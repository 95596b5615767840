// Creating, changing and dropping IMMEDIATE stream tables, and whose rights
// their programs have.

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>

using namespace pgtrickle;

namespace {

const std::string by_item
  = "SELECT item, count(*) AS n, sum(amount) AS total FROM sale GROUP BY item";

struct shop : test::stream_database {
  shop() {
    sql("DROP ROLE IF EXISTS owner, writer; CREATE ROLE owner; CREATE ROLE "
        "writer; CREATE SCHEMA AUTHORIZATION owner; "
        "CREATE TABLE sale (id int PRIMARY KEY, item text, amount int, secret "
        "text); "
        "INSERT INTO sale SELECT i, 'item' || i % 3, i, 'x' FROM "
        "generate_series(1, 20) i; "
        "GRANT SELECT (id, item, amount), TRIGGER ON sale TO owner; "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON sale TO writer");
  }
  ~shop() {
    sql("RESET ALL; RESET ROLE; DROP OWNED BY owner, writer CASCADE; DROP ROLE "
        "owner, writer");
  }

  result<stream_table_id> by_owner(const std::string& query) {
    return engine::create_stream_table(
      session(), {"owner", "owner, public"},
      {.name = "kept", .query = query, .refresh_mode = "IMMEDIATE"}, {});
  }

  std::string state_of(const std::string& statement) {
    try {
      sql(statement);
    } catch (const pqxx::sql_error& e) {
      said = e.what();
      // libpqxx 6 leaves it out of those that it has a class for
      return e.sqlstate().empty() ? "42501" : e.sqlstate();
    }
    return "";
  }

  failure refused(const std::string& query) {
    CAPTURE(query);
    const auto id = try_create("kept", query, "IMMEDIATE");
    REQUIRE(!id);
    CHECK(!id.error().hint.empty());
    CHECK(left() == 0);
    return id.error();
  }

  /// Triggers, functions and tables of IMMEDIATE stream tables.
  int left() {
    return sql("SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE "
               "'pgt\\_immediate%') + (SELECT count(*) FROM pg_proc WHERE "
               "pronamespace = 'pgtrickle_state'::regnamespace) + (SELECT "
               "count(*) FROM pg_class WHERE relnamespace = "
               "'pgtrickle_state'::regnamespace) + (SELECT count(*) FROM "
               "pgtrickle.pgt_immediate_locks)")[0][0]
      .as<int>();
  }

  int buffers() {
    return sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'changes\\_%' "
               "AND relkind = 'r' AND relnamespace = "
               "'pgtrickle_changes'::regnamespace")[0][0]
      .as<int>();
  }

  result<stream_table_id>
  alter(const std::function<void(stream_table_change&)>& set) {
    stream_table_change change;
    change.name = "kept";
    set(change);
    return engine::alter_stream_table(session(), owner(), change, {});
  }

  std::string said;
};

} // namespace

TEST_CASE_FIXTURE(shop, "what can't be kept in a writer's transaction is "
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

TEST_CASE_FIXTURE(shop, "an IMMEDIATE stream table needs no change buffer, and "
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

TEST_CASE_FIXTURE(shop, "users write to its sources only") {
  create("kept", by_item, "IMMEDIATE");
  sql("GRANT ALL ON kept TO writer; SET ROLE writer");
  for (const auto* statement :
       {"DELETE FROM kept", "INSERT INTO kept VALUES ('x', 1, 1)",
        "UPDATE kept SET n = 1", "TRUNCATE kept"}) {
    CAPTURE(statement);
    CHECK(state_of(statement) == "55000");
  }
  CHECK(state_of("SET pg_trickle.internal_refresh = on") == "42501");
  CHECK(state_of("SELECT pgtrickle._immediate_run(1, 'kept'::regclass, "
                 "'pgtrickle_state.refresh_1'::regproc, 'FULL')")
        == "42501");
  CHECK(state_of("SELECT pgtrickle._immediate_enter(1)") == "42501");
  CHECK(state_of("SELECT pgtrickle._immediate_leave(1, 1, 1, 1, 1, 1)")
        == "42501");
  CHECK(state_of("CREATE TEMP TABLE mine (); CREATE TRIGGER t BEFORE INSERT ON "
                 "mine EXECUTE FUNCTION pgtrickle._before_immediate('1')")
        == "42501");
  sql("INSERT INTO sale VALUES (100, 'new', 1, 'x')");
  CHECK(state_of("DELETE FROM kept") == "55000");
  CHECK(difference("kept", by_item) == 0);
}

TEST_CASE_FIXTURE(shop, "its owner needs the rights that its query needs, and "
                        "the right to create triggers") {
  const auto id = by_owner(by_item);
  REQUIRE_MESSAGE(id, id.error().message);
  sql("SET ROLE writer; INSERT INTO sale VALUES (100, 'new', 1, 'x'); DELETE "
      "FROM sale WHERE id < 4; RESET ROLE");
  CHECK(difference("owner.kept", by_item) == 0);
  for (const auto& row :
       sql("SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND "
           "relnamespace = 'pgtrickle_state'::regnamespace")) {
    // what the daemon's functions write to must not run the owner's
    const auto table = row[0].as<std::string>();
    sql("SET ROLE owner");
    CHECK(state_of("CREATE TRIGGER t BEFORE INSERT ON " + table
                   + " EXECUTE FUNCTION suppress_redundant_updates_trigger()")
          == "42501");
    sql("RESET ROLE");
  }
  REQUIRE(
    engine::drop_stream_table(session(), owner(), "owner.kept", false, {}));

  const auto hidden = by_owner("SELECT id, secret FROM sale");
  REQUIRE(!hidden);
  CHECK(hidden.error().state() == "42501");
  sql("REVOKE TRIGGER ON sale FROM owner");
  const auto untriggered = by_owner(by_item);
  REQUIRE(!untriggered);
  CHECK(untriggered.error().state() == "42501");
  CHECK(untriggered.error().hint.find("GRANT TRIGGER") != std::string::npos);
}

TEST_CASE_FIXTURE(shop, "its owner's code has its owner's rights in other "
                        "people's transactions, and leaves no trace in them") {
  sql(R"(
    CREATE TABLE owner.said (role text, secret text); ALTER TABLE owner.said OWNER TO owner;
    SET ROLE owner;
    CREATE FUNCTION owner.trap(i int) RETURNS int LANGUAGE plpgsql AS $$
    DECLARE found text := 'nothing';
    BEGIN
      BEGIN SET ROLE postgres; EXCEPTION WHEN OTHERS THEN NULL; END;
      BEGIN SET SESSION AUTHORIZATION postgres; EXCEPTION WHEN OTHERS THEN NULL; END;
      BEGIN SELECT secret INTO found FROM public.sale; EXCEPTION WHEN OTHERS THEN NULL; END;
      BEGIN
        EXECUTE (SELECT 'SELECT string_agg(s::text, '','') FROM ' || c.oid::regclass || ' s' FROM pg_class c
                 WHERE c.relname LIKE 'source\_%' AND c.relpersistence = 'u' ORDER BY c.relname DESC LIMIT 1) INTO found;
      EXCEPTION WHEN OTHERS THEN NULL; END;
      PERFORM set_config('search_path', 'owner', false);
      INSERT INTO owner.said VALUES (current_user, found);
      RETURN i;
    END $$;
    CREATE FUNCTION owner.innocent(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN owner.trap(i); END $$;
    RESET ROLE
  )");
  const auto id = by_owner("SELECT owner.innocent(id) AS id, amount FROM sale");
  REQUIRE_MESSAGE(id, id.error().message);
  sql("SET search_path = public; INSERT INTO sale VALUES (100, 'new', 1, "
      "'word')");
  CHECK(sql("SELECT count(*) FILTER (WHERE role <> 'owner' OR secret LIKE "
            "'%word%') = 0 AND count(*) > 0 FROM owner.said")[0][0]
          .as<bool>());
  CHECK(sql("SHOW search_path")[0][0].as<std::string>() == "public");
  CHECK(sql("SELECT current_user")[0][0].as<std::string>() == "postgres");
}

TEST_CASE_FIXTURE(shop, "no trigger of its owner waits for the writer's "
                        "COMMIT") {
  const auto id = by_owner("SELECT id, amount FROM sale");
  REQUIRE_MESSAGE(id, id.error().message);
  sql("SET ROLE owner; CREATE FUNCTION owner.late() RETURNS trigger LANGUAGE "
      "plpgsql AS $$ BEGIN RETURN NULL; END $$; "
      "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON owner.kept DEFERRABLE "
      "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION owner.late(); RESET "
      "ROLE");
  CHECK(state_of("INSERT INTO sale VALUES (100, 'new', 1, 'x')") == "42501");
  CHECK(said.find("kept") != std::string::npos);
  // a writer's own deferred triggers stay deferred, and his
  sql("DROP TRIGGER late ON owner.kept; CREATE TABLE log (who text); "
      "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "INSERT INTO log VALUES (current_user); RETURN NULL; END $$; "
      "CREATE CONSTRAINT TRIGGER note AFTER INSERT ON sale DEFERRABLE "
      "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note(); "
      "BEGIN; INSERT INTO sale VALUES (100, 'new', 1, 'x')");
  CHECK(sql("SELECT FROM log").empty());
  sql("COMMIT");
  CHECK(sql("SELECT who FROM log")[0][0].as<std::string>() == "postgres");
}

TEST_CASE_FIXTURE(shop, "a program that writes to its own source is stopped") {
  create("other", by_item, "IMMEDIATE");
  CHECK(state_of("BEGIN; INSERT INTO sale VALUES (100, 'new', 1, 'x')") == "");
  sql("COMMIT; CREATE FUNCTION loop() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN DELETE FROM public.sale WHERE id = 3; RETURN NULL; END $$; CREATE "
      "TRIGGER loop AFTER INSERT OR UPDATE ON other EXECUTE FUNCTION loop()");
  CHECK(state_of("INSERT INTO sale VALUES (101, 'new', 1, 'x')") == "55006");
  CHECK(difference("other", by_item) == 0);
}

TEST_CASE_FIXTURE(shop, "the writer's settings don't change what is kept") {
  sql("ALTER TABLE sale ADD at timestamptz NOT NULL DEFAULT '2020-01-01 "
      "23:30+00', ADD word text DEFAULT 'a\\b'");
  const std::string query
    = "SELECT id, at::date AS day, at::text AS text, word = 'a\\b' AS same "
      "FROM sale WHERE word <> NULL IS NULL";
  create("kept", query, "IMMEDIATE");
  sql("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET "
      "standard_conforming_strings = off; SET transform_null_equals = on; "
      "SET search_path = pg_temp; "
      "INSERT INTO public.sale VALUES (100, 'new', 1, 'x'); UPDATE public.sale "
      "SET amount = 0; RESET ALL");
  CHECK(difference("kept", query) == 0);
}

TEST_CASE_FIXTURE(shop, "a stream table goes to IMMEDIATE and back") {
  const auto id = create("kept", by_item);
  sql("INSERT INTO sale VALUES (100, 'late', 1, 'x')");
  REQUIRE(alter([&](auto& x) { x.refresh_mode = "IMMEDIATE"; }));
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

TEST_CASE_FIXTURE(shop, "stream tables read one another in both modes") {
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

TEST_CASE_FIXTURE(shop, "a refresh mends it, and leaves it alone otherwise") {
  const auto id = create("kept", by_item, "IMMEDIATE");
  CHECK(refresh({id}).at(0).action == "NO_DATA");
  sql("ALTER TABLE sale DISABLE TRIGGER USER; DELETE FROM sale WHERE id = 3; "
      "ALTER TABLE sale ENABLE TRIGGER USER");
  CHECK(difference("kept", by_item) > 0);
  auto db = postgres::session::open({.conninfo = conninfo()});
  REQUIRE(db);
  engine::refresher_session refresher{std::move(*db)};
  const auto outcomes = refresher.run({{id}, engine::initiator::manual}, {});
  REQUIRE(outcomes);
  CHECK(!outcomes->at(0).error);
  CHECK(outcomes->at(0).action == "REINITIALIZE");
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
        == "FULL REINITIALIZE FULL");
}

TEST_CASE_FIXTURE(shop, "DDL on a source never leads to wrong rows") {
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

TEST_CASE_FIXTURE(shop, "a stream table that changes its owner gets that "
                        "one's rights") {
  const auto id = create("kept", by_item, "IMMEDIATE");
  sql("ALTER TABLE kept OWNER TO owner");
  refresh({id});
  sql("DELETE FROM sale WHERE id < 4");
  CHECK(difference("kept", by_item) == 0);
  CHECK(sql("SELECT count(*) FROM pg_proc WHERE pronamespace = "
            "'pgtrickle_state'::regnamespace AND proname LIKE 'refresh%' AND "
            "proowner = 'owner'::regrole")[0][0]
          .as<int>()
        == 1);
}

TEST_CASE_FIXTURE(shop, "a transaction of many statements keeps its staging "
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
