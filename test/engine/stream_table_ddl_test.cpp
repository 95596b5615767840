// What the owner of a stream table may do to it, and what is refused.

#include "test/engine/stream_database.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pgtrickle;

namespace {

const std::string query
  = "SELECT item, sum(amount) AS total FROM sale GROUP BY item";

struct owned : test::stream_database {
  owned() {
    sql("CREATE TABLE sale (id int PRIMARY KEY, item text, amount int); INSERT "
        "INTO sale SELECT i, 'item' || i % 3, i FROM generate_series(1, 9) i");
    id = create("kept", query);
  }

  void goes_on(const std::string& table = "kept") {
    sql("INSERT INTO sale SELECT 10 + max(id), 'item' || max(id), 5 FROM sale");
    CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
    CHECK(difference(table, query) == 0);
  }

  /// Refreshes in full, and then once more.
  void is_recomputed() {
    sql("TRUNCATE sale; INSERT INTO sale VALUES (1, 'item1', 1), (2, 'item7', "
        "2)");
    CHECK(refresh({id}).at(0).action == "FULL");
    CHECK(difference("kept", query) == 0);
    sql("UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = true");
    CHECK(refresh({id}).at(0).action == "REINITIALIZE");
    CHECK(difference("kept", query) == 0);
    goes_on();
  }

  stream_table_id id{};
};

} // namespace

TEST_CASE_FIXTURE(owned, "what the owner hangs on a stream table stays through "
                         "every refresh") {
  sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader; "
      "CREATE INDEX by_total ON kept (total); CREATE INDEX by_length ON kept "
      "(length(item)) WHERE total > 3; ALTER TABLE kept ADD CONSTRAINT one "
      "UNIQUE (item); GRANT SELECT ON kept TO reader; GRANT SELECT (item) ON "
      "kept TO PUBLIC; COMMENT ON TABLE kept IS 'sums'; COMMENT ON COLUMN "
      "kept.item IS 'sold'; CREATE TABLE log (at text); CREATE FUNCTION told() "
      "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log "
      "VALUES "
      "(TG_OP); RETURN NULL; END $$; CREATE TRIGGER tell AFTER INSERT OR "
      "UPDATE OR DELETE ON kept FOR EACH ROW EXECUTE FUNCTION told(); ALTER "
      "TABLE kept REPLICA IDENTITY FULL; CREATE PUBLICATION told_of FOR TABLE "
      "kept; CREATE TABLE referring (item text REFERENCES kept (item) "
      "DEFERRABLE INITIALLY DEFERRED); INSERT INTO referring VALUES ('item1'); "
      "ALTER TABLE kept SET (fillfactor = 60, autovacuum_vacuum_threshold = "
      "7); ALTER TABLE kept ALTER total SET STATISTICS 321; CLUSTER kept USING "
      "by_total; ALTER TABLE kept ENABLE ROW LEVEL SECURITY; CREATE POLICY "
      "mine ON kept TO reader USING (total > 3); CREATE STATISTICS seen ON "
      "item, total FROM kept; ALTER TABLE kept ADD CHECK (total > -1000)");
  const auto inventory = [&] {
    return sql(R"(
      SELECT string_agg(what, E'\n' ORDER BY what) FROM (
        SELECT indexrelid::regclass || ' ' || indisvalid || indisclustered AS what FROM pg_index
          WHERE indrelid = 'kept'::regclass
        UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
          WHERE 'kept'::regclass IN (conrelid, confrelid)
        UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE tgrelid = 'kept'::regclass
        UNION ALL SELECT description FROM pg_description WHERE objoid = 'kept'::regclass
        UNION ALL SELECT concat_ws(' ', oid, relacl, reloptions, relrowsecurity, relreplident) FROM pg_class
          WHERE oid = 'kept'::regclass
        UNION ALL SELECT concat_ws(' ', attname, attacl, attstattarget) FROM pg_attribute
          WHERE attrelid = 'kept'::regclass AND attnum > 0
        UNION ALL SELECT pubname FROM pg_publication_tables WHERE tablename = 'kept'
        UNION ALL SELECT polname FROM pg_policy WHERE polrelid = 'kept'::regclass
        UNION ALL SELECT stxname FROM pg_statistic_ext WHERE stxrelid = 'kept'::regclass) x)")
      [0][0]
        .as<std::string>();
  };
  const auto before = inventory();
  goes_on();
  is_recomputed();
  CHECK(inventory() == before);
  // without a known key a row that changes goes and comes again
  CHECK(sql("SELECT count(DISTINCT at) FROM log")[0][0].as<int>() == 2);
  sql("DROP TABLE kept CASCADE; DROP OWNED BY reader; DROP ROLE reader");
}

TEST_CASE_FIXTURE(owned, "a stream table is followed to another name, schema "
                         "and owner") {
  sql("DROP ROLE IF EXISTS heir; CREATE ROLE heir; CREATE SCHEMA elsewhere; "
      "GRANT ALL ON SCHEMA elsewhere TO heir; GRANT SELECT ON sale TO heir");
  sql("ALTER TABLE kept RENAME TO \"Kept 2\"");
  goes_on("\"Kept 2\"");
  sql("ALTER TABLE \"Kept 2\" SET SCHEMA elsewhere");
  goes_on("elsewhere.\"Kept 2\"");
  sql("ALTER SCHEMA elsewhere RENAME TO here");
  goes_on("here.\"Kept 2\"");
  CHECK(sql("SELECT pgt_schema || '.' || pgt_name FROM "
            "pgtrickle.pgt_stream_tables")[0][0]
          .as<std::string>()
        == "here.Kept 2");
  sql("ALTER TABLE here.\"Kept 2\" OWNER TO heir");
  CHECK(refresh({id}).at(0).action == "REINITIALIZE");
  goes_on("here.\"Kept 2\"");
  CHECK(sql("SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = "
            "'pgtrickle_state'::regnamespace")[0][0]
          .as<std::string>()
        == "heir");
  sql("DROP OWNED BY heir CASCADE; DROP ROLE heir");
}

TEST_CASE_FIXTURE(owned, "DDL that would change rows or columns of a stream "
                         "table is refused with a hint") {
  sql("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE moods (mood mood); "
      "CREATE TABLE parent (item text, total bigint); CREATE TABLE parts (item "
      "text, total bigint) PARTITION BY LIST (item); CREATE FUNCTION halt() "
      "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$");
  create("moody", "SELECT mood FROM moods");
  test::session user{conninfo()};
  for (const std::string ddl :
       {"ALTER TABLE kept ADD COLUMN more int",
        "ALTER TABLE kept DROP COLUMN total",
        "ALTER TABLE kept ALTER total TYPE numeric",
        "ALTER TABLE kept RENAME COLUMN total TO sum", "DROP TYPE mood CASCADE",
        "ALTER TABLE kept SET UNLOGGED",
        "ALTER TABLE kept FORCE ROW LEVEL SECURITY",
        "ALTER TABLE kept INHERIT parent",
        "CREATE TABLE child () INHERITS (kept)",
        "ALTER TABLE parts ATTACH PARTITION kept DEFAULT",
        "ALTER TABLE kept DISABLE TRIGGER ALL",
        "ALTER TABLE kept DISABLE TRIGGER pgt_dml_guard",
        "ALTER TABLE kept ENABLE REPLICA TRIGGER pgt_dml_guard",
        "DROP TRIGGER pgt_dml_guard ON kept",
        "CREATE TRIGGER halt BEFORE INSERT ON kept FOR EACH ROW EXECUTE "
        "FUNCTION halt()",
        "CREATE RULE never AS ON INSERT TO kept DO INSTEAD NOTHING"}) {
    CAPTURE(ddl);
    const auto refused = user.run(ddl);
    CHECK(refused.sqlstate == "55000");
    CHECK(refused.hint != "");
  }
  goes_on();
}

TEST_CASE_FIXTURE(owned, "users may not write to a stream table, in any way") {
  sql("CREATE TABLE parent (item text, total bigint)");
  test::session user{conninfo()};
  user.run("SET session_replication_role = origin");
  for (const std::string dml :
       {"INSERT INTO kept VALUES ('x', 1)", "UPDATE kept SET total = 0",
        "DELETE FROM kept", "TRUNCATE kept",
        "INSERT INTO kept VALUES ('item1', 1) ON CONFLICT DO NOTHING",
        "COPY kept FROM PROGRAM 'echo'",
        "MERGE INTO kept k USING sale s ON k.item = s.item WHEN MATCHED THEN "
        "DELETE WHEN NOT MATCHED THEN INSERT VALUES ('x', 1)",
        "WITH gone AS (DELETE FROM kept RETURNING *) SELECT * FROM gone",
        "SET pg_trickle.internal_refresh = on; RESET "
        "pg_trickle.internal_refresh; DELETE FROM kept"}) {
    CAPTURE(dml);
    const auto refused = user.run(dml);
    CHECK(refused.sqlstate == "55000");
    CHECK(refused.hint == "Change the tables that the query reads.");
  }
  goes_on();
}

TEST_CASE_FIXTURE(owned, "a unique constraint that the rows violate fails the "
                         "refresh, which goes on when it is gone") {
  sql("ALTER TABLE kept ADD CONSTRAINT few CHECK (total < 100)");
  sql("INSERT INTO sale VALUES (50, 'item1', 500)");
  auto outcome = refresher().run({{id}, engine::initiator::scheduler}, {});
  REQUIRE(outcome);
  CHECK(outcome->at(0).error->message.find("few") != std::string::npos);
  sql("ALTER TABLE kept DROP CONSTRAINT few");
  goes_on();
}
