// Aggregates whose groups are the rows of the stream table.

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace pgtrickle;

namespace {

/// Rows tell their groups' states, or an arrangement does.
const std::string told
  = "SELECT item, count(*) AS n, sum(amount) AS total FROM sale GROUP BY item";
const std::string arranged
  = "SELECT item, sum(amount) AS total FROM sale GROUP BY item";

struct groups : test::stream_database {
  groups() {
    sql("CREATE TABLE sale (id int PRIMARY KEY, item int NOT NULL, amount "
        "numeric NOT NULL); "
        "INSERT INTO sale SELECT i, i % 3, i FROM generate_series(1, 9) i");
  }

  [[nodiscard]] std::int64_t arrangements() {
    return sql("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND "
               "relnamespace = 'pgtrickle_state'::regnamespace")[0][0]
      .as<std::int64_t>();
  }

  engine::refresh_outcome refreshed(stream_table_id id) {
    auto outcome = refresh({id}).at(0);
    CHECK(outcome.action == "DIFFERENTIAL");
    return outcome;
  }
};

} // namespace

TEST_CASE_FIXTURE(groups, "a refresh counts the rows that came and went") {
  const std::map<std::string, stream_table_id> kept{
    {told, create("tells", told)}, {arranged, create("knows", arranged)}};
  sql("BEGIN; DELETE FROM sale WHERE item = 0; "
      "UPDATE sale SET amount = amount + 1 WHERE id = 1; "
      "INSERT INTO sale VALUES (10, 7, 5); COMMIT");
  for (const auto& [query, id] : kept) {
    CAPTURE(query);
    const auto outcome = refreshed(id);
    CHECK(outcome.rows_inserted == 2);
    CHECK(outcome.rows_deleted == 2);
    CHECK(difference(query == told ? "tells" : "knows", query) == 0);
  }
}

TEST_CASE_FIXTURE(groups, "groups that rows tell need no second table") {
  (void)create("kept", told);
  CHECK(arrangements() == 0);
  (void)create("other", arranged);
  CHECK(arrangements() == 1);
}

TEST_CASE_FIXTURE(groups, "a sum is right after NaN has come and gone") {
  const auto id = create("kept", told);
  for (const auto* change : {"UPDATE sale SET amount = 'NaN' WHERE id = 4",
                             "UPDATE sale SET amount = 3 WHERE id = 7",
                             "UPDATE sale SET amount = 4 WHERE id = 4",
                             "UPDATE sale SET amount = 5 WHERE id = 1"}) {
    CAPTURE(change);
    sql(change);
    (void)refreshed(id);
    CHECK(difference("kept", told) == 0);
  }
}

TEST_CASE_FIXTURE(groups, "groups by text are found by their hash") {
  sql("ALTER TABLE sale ADD COLUMN name text; UPDATE sale SET name = 'item ' "
      "|| nullif(item, 2)");
  const std::string sums
    = "SELECT count(*) AS n, name, sum(amount) AS total FROM sale GROUP BY "
      "name";
  const std::string means
    = "SELECT avg(amount) AS mean, name FROM sale GROUP BY name";
  const auto told_by_rows = create("sums", sums);
  const auto arranged_too = create("means", means);
  for (const auto* change :
       {"UPDATE sale SET name = NULL WHERE id = 4",
        "UPDATE sale SET name = 'new', amount = 3 WHERE id IN (2, 4)",
        "DELETE FROM sale WHERE name IS NULL"}) {
    CAPTURE(change);
    sql(change);
    (void)refreshed(told_by_rows);
    (void)refreshed(arranged_too);
    CHECK(difference("sums", sums) == 0);
    CHECK(difference("means", means) == 0);
  }
}

TEST_CASE_FIXTURE(groups, "many changes are added up where they lie") {
  sql("INSERT INTO sale SELECT i, i % 50, i FROM generate_series(10, 30000) i");
  const auto id = create("kept", told);
  for (const auto* change :
       {"UPDATE sale SET amount = amount + 1",
        "UPDATE sale SET item = item + 1 WHERE id % 2 = 0",
        "DELETE FROM sale WHERE id > 9", "UPDATE sale SET amount = 1"}) {
    CAPTURE(change);
    sql(change);
    (void)refreshed(id);
    CHECK(difference("kept", told) == 0);
  }
}

TEST_CASE_FIXTURE(groups, "a join of many changes is added up unconsolidated") {
  sql("CREATE TABLE kind (item int PRIMARY KEY, name text NOT NULL); "
      "INSERT INTO kind SELECT i, 'kind ' || i % 7 FROM generate_series(0, 60) "
      "i; "
      "INSERT INTO sale SELECT i, i % 50, i FROM generate_series(10, 30000) i");
  const std::string query
    = "SELECT k.name, count(*) AS n, sum(s.amount) AS total FROM sale s JOIN "
      "kind k USING (item) GROUP BY k.name";
  const auto id = create("kept", query);
  for (const auto* change :
       {"UPDATE sale SET amount = amount + 1",
        "BEGIN; UPDATE sale SET item = item + 1 WHERE id % 2 = 0; UPDATE kind "
        "SET name = 'kind 1' WHERE item < 20; COMMIT",
        "BEGIN; UPDATE sale SET amount = 0; UPDATE sale SET amount = id; "
        "COMMIT"}) {
    CAPTURE(change);
    sql(change);
    (void)refreshed(id);
    CHECK(difference("kept", query) == 0);
  }
}

TEST_CASE_FIXTURE(groups, "a group that is not there where it has to shrink "
                          "makes the stream table be computed anew") {
  const auto id = create("kept", told);
  sql("SET pg_trickle.internal_refresh = on; DELETE FROM kept WHERE item = 1; "
      "RESET pg_trickle.internal_refresh");
  sql("DELETE FROM sale WHERE id = 1");
  const auto failed = refresher().run({.tables = {id}}, {});
  REQUIRE(failed);
  REQUIRE(failed->at(0).error);
  CHECK(failed->at(0).error->message.find("have to shrink are not in")
        != std::string::npos);
  CHECK(refresh({id}).at(0).action == "REINITIALIZE");
  CHECK(difference("kept", told) == 0);
}
