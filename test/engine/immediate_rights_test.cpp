// Whose rights the programs of IMMEDIATE stream tables have, and who may write.

#include "test/engine/sales_database.hpp"

using namespace pgtrickle;
using test::by_item;

TEST_CASE_FIXTURE(test::sales_database, "users write to its sources only") {
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

TEST_CASE_FIXTURE(test::sales_database,
                  "its owner needs the rights that its query needs, and "
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

TEST_CASE_FIXTURE(test::sales_database,
                  "its owner's code has its owner's rights in other "
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

TEST_CASE_FIXTURE(test::sales_database,
                  "no trigger of its owner waits for the writer's "
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

TEST_CASE_FIXTURE(test::sales_database,
                  "a program that writes to its own source is stopped") {
  create("other", by_item, "IMMEDIATE");
  CHECK(state_of("BEGIN; INSERT INTO sale VALUES (100, 'new', 1, 'x')") == "");
  sql("COMMIT; CREATE FUNCTION loop() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN DELETE FROM public.sale WHERE id = 3; RETURN NULL; END $$; CREATE "
      "TRIGGER loop AFTER INSERT OR UPDATE ON other EXECUTE FUNCTION loop()");
  CHECK(state_of("INSERT INTO sale VALUES (101, 'new', 1, 'x')") == "55006");
  CHECK(difference("other", by_item) == 0);
}

TEST_CASE_FIXTURE(test::sales_database,
                  "the writer's settings don't change what is kept") {
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

TEST_CASE_FIXTURE(test::sales_database,
                  "a stream table that changes its owner gets that "
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
