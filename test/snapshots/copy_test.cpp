// How rows get into an archival table, and out of it into a new stream table.

#include "test/snapshots/snapshot_database.hpp"
#include "test/support/session.hpp"

using namespace pgtrickle;
using test::snapshot_database;
using test::totals;

TEST_CASE_FIXTURE(snapshot_database, "rows of any size are copied, and their "
                                     "hash is that of the content") {
  sql("CREATE TABLE document (id int, body text, pages text[]); ALTER TABLE "
      "document ALTER body SET STORAGE EXTERNAL; INSERT INTO document SELECT "
      "i, repeat(md5(i::text), 5 * (i % 30)), CASE WHEN i % 30 = 0 THEN "
      "array_fill(md5(i::text), ARRAY[900]) END FROM generate_series(1, 2500) "
      "i; INSERT INTO document SELECT i, repeat(md5(i::text), 6000) FROM "
      "generate_series(1, 20) i");
  const std::string query = "SELECT * FROM document";
  create("kept", query);
  const auto snapshot = take();
  CHECK(difference(snapshot, query) == 0);
  const auto found = snapshots::verify(session(), owner(), snapshot);
  REQUIRE(found);
  CHECK(found->detail.empty());
  CHECK(found->row_count == 2520);
  CHECK(text("SELECT pgtrickle.content_hash(d.*) FROM document d")
        == found->content_hash);
  restore(snapshot, "again");
  CHECK(difference("again", query) == 0);
}

TEST_CASE_FIXTURE(snapshot_database, "a snapshot takes no more room than the "
                                     "plain rows") {
  sql("INSERT INTO sale SELECT i, 'item' || i, i FROM generate_series(201, "
      "50000) i");
  create("kept", "SELECT * FROM sale");
  const auto snapshot = take();
  sql("CREATE TABLE plain AS TABLE kept");
  CHECK(text("SELECT pg_total_relation_size('" + snapshot
             + "') <= 1.01 * pg_total_relation_size('plain')")
        == "t");
}

TEST_CASE_FIXTURE(snapshot_database, "rows are copied into nothing but a bare "
                                     "table of the transaction, of their "
                                     "columns") {
  test::session copier{conninfo()};
  const auto copies = [&](const std::string& made, const std::string& rows) {
    const auto copied = copier.run(
      "BEGIN; " + made + "; SELECT row_count FROM pgtrickle._copy_rows('" + rows
      + "', 'made')");
    copier.run("ROLLBACK");
    return copied.sqlstate.empty() ? copied.value() : copied.message;
  };
  const std::string plain = "CREATE TABLE made (a int)";
  CHECK(copies(plain, "SELECT id FROM sale") == "200");
  CHECK(copies(plain, "SELECT amount, id FROM sale").find("not of the columns")
        != std::string::npos);
  CHECK(copies(plain, "SELECT item FROM sale").find("not of the columns")
        != std::string::npos);
  CHECK(copies(plain, "DELETE FROM sale").find("no rows to copy")
        != std::string::npos);
  for (const auto* made :
       {"CREATE TABLE made (a int PRIMARY KEY)",
        "CREATE TABLE made (a int NOT NULL)",
        "CREATE TABLE made (a int CHECK (a < 10))",
        "CREATE TABLE made (a int) PARTITION BY RANGE (a)"}) {
    CAPTURE(made);
    CHECK(copies(made, "SELECT id FROM sale").find("not a bare table")
          != std::string::npos);
  }
  sql(plain);
  CHECK(copies("SELECT", "SELECT id FROM sale").find("not a bare table")
        != std::string::npos);
}

TEST_CASE_FIXTURE(snapshot_database, "triggers that every new table gets see "
                                     "the rows of a restore") {
  create("kept", totals);
  const auto snapshot = take();
  sql("CREATE TABLE seen (item text); CREATE FUNCTION see() RETURNS trigger "
      "LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen VALUES (NEW.item); "
      "RETURN NULL; END'; CREATE FUNCTION watch() RETURNS event_trigger "
      "LANGUAGE plpgsql AS $$ DECLARE made text; BEGIN FOR made IN SELECT "
      "object_identity FROM pg_event_trigger_ddl_commands() WHERE "
      "schema_name = 'public' LOOP EXECUTE 'CREATE TRIGGER see AFTER INSERT "
      "ON ' || made || ' FOR EACH ROW EXECUTE FUNCTION public.see()'; END "
      "LOOP; END $$; CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG "
      "IN ('CREATE TABLE') EXECUTE FUNCTION watch()");
  restore(snapshot, "again");
  CHECK(difference("again", totals) == 0);
  CHECK(text("SELECT count(*) FROM seen") == "7");
}
