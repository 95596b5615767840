// Every kind of DDL on what a query reads: what becomes of the stream table.
// docs/ddl.md has the same cases, in the same words.

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

using namespace pgtrickle;

namespace {

/// What a case comes to, as docs/ddl.md calls it.
const std::string unnoticed = "unnoticed";
const std::string followed = "followed";
const std::string reinitialised = "re-initialised";
const std::string error = "ERROR";

const std::string dml = "INSERT INTO shop.sale (id, item, amount) VALUES (50, "
                        "'item1', 7)";

struct ddl_case {
  std::string name;
  std::string outcome;
  /// The defining query, and a query for the same rows after the DDL.
  std::string query;
  std::string ddl;
  std::string query_after = {};
  /// What is written afterwards.
  std::string dml = ::dml;
  std::string mode = "DIFFERENTIAL";
};

const std::string totals
  = "SELECT item, sum(amount) AS total, count(*) AS n FROM shop.sale GROUP BY "
    "item";
const std::string rows = "SELECT id, item FROM shop.sale";
const std::string joined
  = "SELECT s.item, sum(s.amount * i.price) AS turnover FROM shop.sale s JOIN "
    "shop.item i ON i.name = s.item GROUP BY s.item";
const std::string of_parts
  = "SELECT item, sum(amount) AS total FROM shop.part GROUP BY item";
const std::string part_dml = "INSERT INTO shop.part VALUES (3, 'item1', 5)";

const std::vector<ddl_case>& cases() {
  static const std::vector<ddl_case> all{
    // --- columns
    {"ADD COLUMN", unnoticed, totals,
     "ALTER TABLE shop.sale ADD COLUMN extra int DEFAULT 3"},
    {"ADD COLUMN under SELECT *", unnoticed, "SELECT * FROM shop.item",
     "ALTER TABLE shop.item ADD COLUMN extra int DEFAULT 3",
     "SELECT name, price FROM shop.item",
     "INSERT INTO shop.item VALUES ('new', 4, 5)"},
    {"ADD COLUMN under a reference to the whole row", reinitialised,
     "SELECT id, row_to_json(s)::text AS whole FROM shop.sale s",
     "ALTER TABLE shop.sale ADD COLUMN extra int DEFAULT 3"},
    {"DROP of an unused column", unnoticed, totals,
     "ALTER TABLE shop.sale DROP COLUMN note"},
    {"DROP of a used column", error, totals,
     "DROP VIEW shop.big; ALTER TABLE shop.sale DROP COLUMN amount", "",
     "INSERT INTO shop.sale (id, item) VALUES (50, 'x')"},
    {"DROP of a used column, and a new one of its name", reinitialised, totals,
     "DROP VIEW shop.big; ALTER TABLE shop.sale DROP COLUMN amount; ALTER "
     "TABLE shop.sale ADD "
     "COLUMN amount int DEFAULT 2"},
    {"RENAME of a used column", followed, totals,
     "ALTER TABLE shop.sale RENAME COLUMN amount TO \"the \"\"sum\"",
     "SELECT item, sum(\"the \"\"sum\"), count(*) FROM shop.sale GROUP BY item",
     "INSERT INTO shop.sale (id, item, \"the \"\"sum\") VALUES (50, 'item1', "
     "7); UPDATE shop.sale SET \"the \"\"sum\" = 1 WHERE id < 3"},
    {"RENAME of an unused column", unnoticed, totals,
     "ALTER TABLE shop.sale RENAME COLUMN note TO remark"},
    {"RENAME of columns that change their names with each other", followed,
     "SELECT item, note FROM shop.sale",
     "ALTER TABLE shop.sale RENAME COLUMN item TO x; ALTER TABLE shop.sale "
     "RENAME COLUMN note TO item; ALTER TABLE shop.sale RENAME COLUMN x TO "
     "note",
     "SELECT note, item FROM shop.sale",
     "INSERT INTO shop.sale (id, note, item) VALUES (50, 'item1', 'n')"},
    {"ALTER TYPE of a used column, the result's types stay", reinitialised,
     "SELECT item, count(amount) AS n FROM shop.sale GROUP BY item",
     "DROP VIEW shop.big; ALTER TABLE shop.sale ALTER amount TYPE text"},
    {"ALTER TYPE of a used column, the result's types change", error, totals,
     "DROP VIEW shop.big; ALTER TABLE shop.sale ALTER amount TYPE numeric"},
    {"ALTER TYPE of an unused column", unnoticed, totals,
     "ALTER TABLE shop.sale ALTER note TYPE varchar"},
    {"SET NOT NULL", unnoticed, totals,
     "ALTER TABLE shop.sale ALTER amount SET NOT NULL"},
    {"DROP NOT NULL of a used column", reinitialised, totals,
     "ALTER TABLE shop.sale ALTER item DROP NOT NULL", "",
     "INSERT INTO shop.sale (id, amount) VALUES (50, 7)"},
    {"SET DEFAULT, CHECK, statistics, storage, comments, indexes", unnoticed,
     totals,
     "ALTER TABLE shop.sale ALTER amount SET DEFAULT 3, ALTER item SET "
     "STATISTICS 200, ADD CHECK (id > 0), SET (fillfactor = 80); CREATE INDEX "
     "ON shop.sale (item); COMMENT ON TABLE shop.sale IS 'x'; GRANT SELECT ON "
     "shop.sale TO PUBLIC"},

    // --- constraints and triggers
    {"DROP of the primary key", reinitialised, rows,
     "ALTER TABLE shop.sale DROP CONSTRAINT sale_pkey; INSERT INTO shop.sale "
     "VALUES (1, 'twice', 1)",
     "",
     "INSERT INTO shop.sale VALUES (1, 'twice', 2); DELETE FROM shop.sale "
     "WHERE id = 2"},
    {"ADD of a primary key", unnoticed, "SELECT word FROM shop.word",
     "ALTER TABLE shop.word ADD PRIMARY KEY (word)", "",
     "INSERT INTO shop.word VALUES ('c')"},
    {"DISABLE TRIGGER ALL", unnoticed, totals,
     "ALTER TABLE shop.sale DISABLE TRIGGER ALL"},
    {"DROP of a capture trigger", reinitialised, totals,
     "DO $$ BEGIN EXECUTE format('DROP TRIGGER pgt_capture_%s_insert ON "
     "shop.sale', 'shop.sale'::regclass::oid); END $$; INSERT INTO shop.sale "
     "VALUES (49, 'item1', 5)"},
    {"DISABLE of a capture trigger", unnoticed, totals,
     "DO $$ BEGIN EXECUTE format('ALTER TABLE shop.sale DISABLE TRIGGER "
     "pgt_capture_%s_insert', 'shop.sale'::regclass::oid); END $$"},
    {"DISABLE TRIGGER ALL, mode IMMEDIATE", unnoticed, totals,
     "ALTER TABLE shop.sale DISABLE TRIGGER ALL", "", dml, "IMMEDIATE"},
    {"DROP of a trigger, mode IMMEDIATE", unnoticed, totals,
     "DO $$ DECLARE t name; BEGIN FOR t IN SELECT tgname FROM pg_trigger WHERE "
     "tgrelid = 'shop.sale'::regclass AND tgname ~ '^pgt_immediate' LOOP "
     "EXECUTE format('DROP TRIGGER %I ON shop.sale', t); END LOOP; END $$",
     "", dml, "IMMEDIATE"},
    {"ENABLE ROW LEVEL SECURITY, mode DIFFERENTIAL", error, totals,
     "ALTER TABLE shop.sale ENABLE ROW LEVEL SECURITY"},
    {"ENABLE ROW LEVEL SECURITY, mode AUTO", reinitialised, totals,
     "ALTER TABLE shop.sale ENABLE ROW LEVEL SECURITY", "", dml, "AUTO"},
    {"TRUNCATE", "FULL", totals, "TRUNCATE shop.sale"},

    // --- tables and schemas
    {"RENAME of a table", followed, joined,
     "ALTER TABLE shop.sale RENAME TO \"Sold.items\"",
     "SELECT s.item, sum(s.amount * i.price) FROM shop.\"Sold.items\" s JOIN "
     "shop.item i ON i.name = s.item GROUP BY s.item",
     "INSERT INTO shop.\"Sold.items\" VALUES (50, 'item1', 7)"},
    {"RENAME of a table, and a new one of its name", followed, totals,
     "BEGIN; ALTER TABLE shop.sale RENAME TO former; CREATE TABLE shop.sale "
     "(LIKE shop.former); INSERT INTO shop.sale VALUES (1, 'other', 1); COMMIT",
     "SELECT item, sum(amount), count(*) FROM shop.former GROUP BY item",
     "INSERT INTO shop.former VALUES (50, 'item1', 7)"},
    {"RENAME of a table and its columns, there and back", followed, totals,
     "ALTER TABLE shop.sale RENAME TO x; ALTER TABLE shop.x RENAME amount TO "
     "y; ALTER TABLE shop.x RENAME y TO amount; ALTER TABLE shop.x RENAME TO "
     "sale"},
    {"SET SCHEMA of a table", followed, joined,
     "CREATE SCHEMA other; ALTER TABLE shop.sale SET SCHEMA other",
     "SELECT s.item, sum(s.amount * i.price) FROM other.sale s JOIN "
     "shop.item i ON i.name = s.item GROUP BY s.item",
     "INSERT INTO other.sale VALUES (50, 'item1', 7)"},
    {"RENAME of a schema", followed, joined,
     "ALTER SCHEMA shop RENAME TO \"big shop\"",
     "SELECT s.item, sum(s.amount * i.price) FROM \"big shop\".sale s JOIN "
     "\"big shop\".item i ON i.name = s.item GROUP BY s.item",
     "INSERT INTO \"big shop\".sale VALUES (50, 'item1', 7)"},
    {"RENAME of a schema, the query calls a function in it", reinitialised,
     "SELECT item, sum(shop.twice(amount)) AS total FROM shop.sale GROUP BY "
     "item",
     "ALTER SCHEMA shop RENAME TO \"big shop\"",
     "SELECT item, sum(2 * amount) FROM \"big shop\".sale GROUP BY item",
     "INSERT INTO \"big shop\".sale VALUES (50, 'item1', 7)"},
    {"DROP TABLE … CASCADE", error, joined, "DROP TABLE shop.item CASCADE"},
    {"DROP TABLE, and a new one of its name", reinitialised, joined,
     "DROP TABLE shop.item CASCADE; CREATE TABLE shop.item (name text PRIMARY "
     "KEY, price int); INSERT INTO shop.item VALUES ('item1', 9)",
     "", "UPDATE shop.item SET price = 8"},
    {"DROP SCHEMA … CASCADE", error, "SELECT word FROM gone.word",
     "DROP SCHEMA gone CASCADE", "", "SELECT 1"},
    {"OWNER TO of a table", unnoticed, totals,
     "ALTER TABLE shop.sale OWNER TO CURRENT_USER"},

    // --- partitions and children
    {"ATTACH PARTITION", reinitialised, of_parts,
     "CREATE TABLE shop.p3 (id int, item text, amount int); INSERT INTO "
     "shop.p3 VALUES (25, 'x', 1); ALTER TABLE shop.part ATTACH PARTITION "
     "shop.p3 FOR VALUES FROM (20) TO (30)",
     "", part_dml},
    {"CREATE TABLE … PARTITION OF", reinitialised, of_parts,
     "CREATE TABLE shop.p3 PARTITION OF shop.part DEFAULT", "",
     "INSERT INTO shop.p3 VALUES (99, 'a', 1)"},
    {"DETACH PARTITION", reinitialised, of_parts,
     "ALTER TABLE shop.part DETACH PARTITION shop.p2", "", part_dml},
    {"DROP of a partition", reinitialised, of_parts, "DROP TABLE shop.p2", "",
     part_dml},
    {"RENAME of a partition", unnoticed, of_parts,
     "ALTER TABLE shop.p2 RENAME TO p9", "",
     "INSERT INTO shop.p9 VALUES (15, 'a', 1)"},
    {"RENAME of a partitioned table's column", followed, of_parts,
     "ALTER TABLE shop.part RENAME amount TO pieces",
     "SELECT item, sum(pieces) FROM shop.part GROUP BY item",
     "INSERT INTO shop.p2 VALUES (15, 'a', 1)"},
    {"INHERIT and NO INHERIT", reinitialised, totals,
     "CREATE TABLE shop.more () INHERITS (shop.sale); INSERT INTO shop.more "
     "VALUES (1, 'child', 3)",
     "", "INSERT INTO shop.more VALUES (1, 'child', 4)"},

    // --- views
    {"CREATE OR REPLACE VIEW", reinitialised,
     "SELECT item, sum(amount) AS total FROM shop.big GROUP BY item",
     "CREATE OR REPLACE VIEW shop.big AS SELECT item, 2 * amount AS amount "
     "FROM shop.sale"},
    {"RENAME of a view or its column", followed,
     "SELECT item, sum(amount) AS total FROM shop.big GROUP BY item",
     "ALTER VIEW shop.big RENAME TO huge; ALTER VIEW shop.huge RENAME COLUMN "
     "amount TO pieces",
     "SELECT item, sum(pieces) FROM shop.huge GROUP BY item"},
    {"RENAME of a column below a view", followed,
     "SELECT item, sum(amount) AS total FROM shop.big GROUP BY item",
     "ALTER TABLE shop.sale RENAME amount TO pieces", "",
     "INSERT INTO shop.sale (id, item, pieces) VALUES (50, 'item1', 7)"},
    {"DROP VIEW", error,
     "SELECT item, sum(amount) AS total FROM shop.big GROUP BY item",
     "DROP VIEW shop.big"},

    // --- functions and types
    {"CREATE OR REPLACE FUNCTION", reinitialised,
     "SELECT id, shop.twice(amount) AS n FROM shop.sale",
     "CREATE OR REPLACE FUNCTION shop.twice(x int) RETURNS int IMMUTABLE "
     "LANGUAGE sql AS 'SELECT 3 * x'"},
    {"CREATE OR REPLACE FUNCTION with the same body", unnoticed,
     "SELECT id, shop.twice(amount) AS n FROM shop.sale",
     "CREATE OR REPLACE FUNCTION shop.twice(x int) RETURNS int IMMUTABLE "
     "LANGUAGE sql AS 'SELECT 2 * x'"},
    {"CREATE OR REPLACE FUNCTION of an operator or aggregate", reinitialised,
     "SELECT item, shop.total(amount) AS n FROM shop.sale GROUP BY item",
     "CREATE OR REPLACE FUNCTION shop.plus(a int, b int) RETURNS int IMMUTABLE "
     "LANGUAGE sql AS 'SELECT coalesce(a, 0) + coalesce(b, 0) + 1'"},
    {"ALTER FUNCTION … RENAME", reinitialised,
     "SELECT id, shop.twice(amount) AS n FROM shop.sale",
     "ALTER FUNCTION shop.twice RENAME TO doubled",
     "SELECT id, shop.doubled(amount) FROM shop.sale"},
    {"ALTER FUNCTION … VOLATILE", error,
     "SELECT id, shop.twice(amount) AS n FROM shop.sale",
     "ALTER FUNCTION shop.twice VOLATILE"},
    {"DROP FUNCTION", error,
     "SELECT id, shop.twice(amount) AS n FROM shop.sale",
     "DROP FUNCTION shop.twice"},
    {"ALTER TYPE … ADD VALUE", unnoticed, "SELECT id, mood FROM shop.person",
     "ALTER TYPE shop.mood ADD VALUE 'wild'", "",
     "INSERT INTO shop.person VALUES (3, 'wild')"},
    {"ALTER TYPE … RENAME", reinitialised,
     "SELECT id FROM shop.person WHERE mood = 'sad'",
     "ALTER TYPE shop.mood RENAME TO temper",
     "SELECT id FROM shop.person WHERE mood = 'sad'::shop.temper",
     "INSERT INTO shop.person VALUES (3, 'sad')"},
    {"ALTER TYPE … RENAME VALUE", error,
     "SELECT id FROM shop.person WHERE mood = 'sad'",
     "ALTER TYPE shop.mood RENAME VALUE 'sad' TO 'blue'", "", "SELECT 1"},
  };
  return all;
}

constexpr const char* shop = R"(
  CREATE SCHEMA shop; CREATE SCHEMA gone;
  CREATE TABLE shop.sale (id int PRIMARY KEY, item text NOT NULL, amount int, note text);
  INSERT INTO shop.sale SELECT i, 'item' || i % 3, i, 'n' || i FROM generate_series(1, 9) i;
  CREATE TABLE shop.item (name text PRIMARY KEY, price int);
  INSERT INTO shop.item VALUES ('item0', 3), ('item1', 5);
  CREATE TABLE shop.word (word text); INSERT INTO shop.word VALUES ('a'), ('b');
  CREATE TABLE gone.word (word text); INSERT INTO gone.word VALUES ('a');
  CREATE TABLE shop.part (id int, item text, amount int) PARTITION BY RANGE (id);
  CREATE TABLE shop.p1 PARTITION OF shop.part FOR VALUES FROM (MINVALUE) TO (10);
  CREATE TABLE shop.p2 PARTITION OF shop.part FOR VALUES FROM (10) TO (20);
  INSERT INTO shop.part SELECT i, 'item' || i % 3, i FROM generate_series(1, 19) i;
  CREATE VIEW shop.big AS SELECT item, amount FROM shop.sale WHERE amount > 2;
  CREATE FUNCTION shop.twice(x int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * x';
  CREATE FUNCTION shop.plus(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql
    AS 'SELECT coalesce(a, 0) + coalesce(b, 0)';
  CREATE AGGREGATE shop.total(int) (SFUNC = shop.plus, STYPE = int);
  CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
  CREATE TABLE shop.person (id int PRIMARY KEY, mood shop.mood); INSERT INTO shop.person VALUES (1, 'sad'), (2, 'ok');
)";

struct altered : test::stream_database {
  altered() { sql(shop); }

  engine::refresh_outcome refreshed(stream_table_id id) {
    auto outcomes = refresher().run({{id}, engine::initiator::scheduler}, {});
    REQUIRE_MESSAGE(outcomes, outcomes.error().message);
    return outcomes->at(0);
  }

  std::string status() {
    return sql("SELECT status FROM pgtrickle.pgt_stream_tables")[0][0]
      .as<std::string>();
  }

  std::string pending() {
    const auto row = sql("SELECT needs_reinit, needs_recompile FROM "
                         "pgtrickle.pgt_stream_tables")[0];
    return row[0].as<bool>()   ? reinitialised
           : row[1].as<bool>() ? followed
                               : unnoticed;
  }

  void goes_on(const ddl_case& c, stream_table_id id) {
    const auto& after = c.query_after.empty() ? c.query : c.query_after;
    for (int round = 0; round < 2; ++round) {
      const auto outcome = refreshed(id);
      REQUIRE_MESSAGE(!outcome.error, outcome.error->message);
      const auto expected = c.mode == "AUTO"             ? "FULL"
                            : c.outcome == reinitialised ? "REINITIALIZE"
                            : c.outcome == "FULL"        ? "FULL"
                                                         : "DIFFERENTIAL";
      if (round == 0 && c.mode == "DIFFERENTIAL")
        CHECK(outcome.action == expected);
      if (round == 1)
        CHECK(outcome.action
              == (c.mode == "AUTO"        ? "FULL"
                  : c.mode == "IMMEDIATE" ? "NO_DATA"
                                          : "DIFFERENTIAL"));
      CHECK(difference("public.kept", after) == 0);
      if (round == 0)
        sql(c.dml);
    }
  }

  void fails(stream_table_id id) {
    const auto before = sql("SELECT count(*) FROM kept")[0][0].as<int>();
    const auto outcome = refreshed(id);
    REQUIRE(outcome.error);
    CHECK(outcome.status == "ERROR");
    CHECK(status() == "ERROR");
    const auto told = sql("SELECT last_error_message FROM "
                          "pgtrickle.pgt_stream_tables")[0][0]
                        .as<std::string>();
    CHECK(told.find("HINT: ") != std::string::npos);
    CHECK(sql("SELECT count(*) FROM kept")[0][0].as<int>() == before);
  }
};

/// The cells of the rows of docs/ddl.md's table of sources: case, outcome.
std::set<std::pair<std::string, std::string>> documented() {
  std::set<std::pair<std::string, std::string>> found;
  std::ifstream page{DDL_PAGE};
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## "))
      inside = line == "## DDL on what a query reads";
    const auto first = line.find(" | ");
    if (!inside || !line.starts_with("| ") || first == std::string::npos)
      continue;
    const auto second = line.find(" |", first + 3);
    found.emplace(line.substr(2, first - 2),
                  line.substr(first + 3, second - first - 3));
  }
  found.erase({"DDL", "Outcome"});
  return found;
}

} // namespace

TEST_CASE("DDL on what a query reads has the outcome of docs/ddl.md") {
  for (const auto& c : cases()) {
    altered db;
    CAPTURE(c.name);
    CAPTURE(c.ddl);
    const auto id = db.create("kept", c.query, c.mode);
    // a change that waits in the buffer while the names change
    db.sql("UPDATE shop.sale SET item = item || 'x', amount = amount + 1 WHERE "
           "id = 3; UPDATE "
           "shop.part SET amount = 100 WHERE id = 3; UPDATE shop.item SET "
           "price = price + 1; INSERT INTO shop.word VALUES ('later'); INSERT "
           "INTO shop.person VALUES (9, 'sad')");
    db.sql(c.ddl);
    if (c.outcome == unnoticed || c.outcome == followed)
      CHECK(db.pending() == c.outcome);
    else if (c.outcome != "FULL")
      CHECK(db.pending() != unnoticed);
    if (c.outcome == error)
      db.fails(id);
    else
      db.goes_on(c, id);
  }
}

TEST_CASE("docs/ddl.md lists the cases that are tested") {
  std::set<std::pair<std::string, std::string>> tested;
  for (const auto& c : cases())
    tested.emplace(c.name, c.outcome);
  const auto listed = documented();
  for (const auto& [name, outcome] : tested)
    CHECK_MESSAGE(listed.contains({name, outcome}),
                  name << " | " << outcome << " is not in docs/ddl.md");
  for (const auto& [name, outcome] : listed)
    CHECK_MESSAGE(tested.contains({name, outcome}),
                  name << " | " << outcome << " is not tested");
}

TEST_CASE_FIXTURE(altered, "a stream table in ERROR goes on once it is given "
                           "back what it reads") {
  const auto id = create("kept", joined);
  sql("DROP TABLE shop.item CASCADE");
  fails(id);
  sql("CREATE TABLE shop.item (name text PRIMARY KEY, price int); INSERT INTO "
      "shop.item VALUES ('item2', 7)");
  REQUIRE(engine::resume_stream_table(session(), owner(), "kept", {}));
  CHECK(refreshed(id).action == "REINITIALIZE");
  CHECK(difference("kept", joined) == 0);
}

TEST_CASE_FIXTURE(altered, "DDL that is committed after the program was loaded "
                           "voids the refresh") {
  const auto id = create("kept", totals);
  sql("INSERT INTO shop.sale VALUES (60, 'item1', 1)");
  // The refresh finds the table locked until the renamer commits.
  pqxx::connection renamer{conninfo()};
  pqxx::nontransaction change{renamer};
  change.exec("BEGIN; ALTER TABLE shop.sale RENAME TO former");
  const auto blocked
    = refresher().run({{id}, engine::initiator::scheduler}, {});
  REQUIRE(!blocked);
  CHECK(blocked.error().code == errc::lock_unavailable);
  change.exec("CREATE TABLE shop.sale (LIKE shop.former); COMMIT");
  CHECK(refreshed(id).action == "DIFFERENTIAL");
  CHECK(difference("kept",
                   "SELECT item, sum(amount), count(*) FROM shop.former "
                   "GROUP BY item")
        == 0);
}
