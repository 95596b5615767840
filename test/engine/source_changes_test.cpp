// DDL on sources: the rows stay right, or an error says why they can't.

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

struct changing : test::stream_database {
  changing() {
    sql("CREATE TABLE sale (id int PRIMARY KEY, item text, amount int); "
        "INSERT INTO sale SELECT i, 'item' || i % 3, i FROM generate_series(1, "
        "9) i");
  }

  /// Creates "kept" over `query` and calls `change`, after which the table
  /// follows two more rounds of changes made by `dml`.
  void survives(const std::string& query, const std::string& change,
                const std::vector<std::string>& dml) {
    CAPTURE(query);
    const auto id = create("kept", query);
    CAPTURE(change);
    sql(change);
    refresh({id});
    CHECK(difference("kept", query) == 0);
    for (const auto& statement : dml) {
      CAPTURE(statement);
      sql(statement);
      const auto outcome = refresh({id}).at(0);
      CHECK(outcome.action == "DIFFERENTIAL");
      CHECK(difference("kept", query) == 0);
    }
  }

  /// Parts p1 (below 10) and p2 of a table that is partitioned by its key.
  void partitioned() {
    sql("CREATE TABLE part (id int, item text, amount int) PARTITION BY RANGE "
        "(id); "
        "CREATE TABLE p1 PARTITION OF part FOR VALUES FROM (MINVALUE) TO (10); "
        "CREATE TABLE p2 (amount int, gone text, id int, item text); "
        "ALTER TABLE p2 DROP COLUMN gone; "
        "ALTER TABLE part ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20); "
        "INSERT INTO part SELECT i, 'item' || i % 3, i FROM generate_series(1, "
        "19) i");
  }
};

const std::string totals
  = "SELECT item, sum(amount) AS total, count(*) AS n FROM part GROUP BY item";

} // namespace

TEST_CASE_FIXTURE(
  changing,
  "a partitioned source is captured through the parent and the leaf") {
  partitioned();
  survives(totals, "SELECT 1",
           {"INSERT INTO part VALUES (3, 'new', 1), (13, 'new', 2)",
            "INSERT INTO p2 (id, item, amount) VALUES (14, 'leaf', 5)",
            "UPDATE part SET id = id + 8, amount = amount + 1 WHERE id < 10",
            "UPDATE p2 SET amount = amount + 1",
            "DELETE FROM p1 WHERE id % 2 = 1",
            "DELETE FROM part WHERE item = 'new'"});
}

TEST_CASE_FIXTURE(changing, "an attached partition brings its rows") {
  partitioned();
  sql("CREATE TABLE p3 (id int, item text, amount int); INSERT INTO p3 VALUES "
      "(25, 'x', 1)");
  survives(
    totals, "ALTER TABLE part ATTACH PARTITION p3 FOR VALUES FROM (20) TO (30)",
    {"INSERT INTO part VALUES (26, 'y', 7)", "UPDATE p3 SET amount = 3"});
}

TEST_CASE_FIXTURE(
  changing, "a detached partition takes its rows and is captured no more") {
  partitioned();
  survives(totals, "ALTER TABLE part DETACH PARTITION p2",
           {"INSERT INTO p2 (id, item, amount) VALUES (11, 'item1', 99); "
            "INSERT INTO part VALUES (1, 'a', 1)",
            "TRUNCATE p2; UPDATE p1 SET amount = 0"});
  CHECK(
    sql("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'p2'::regclass")[0][0]
      .as<int>()
    == 0);
}

TEST_CASE_FIXTURE(changing, "a dropped partition takes its rows") {
  partitioned();
  survives(totals, "DROP TABLE p2", {"INSERT INTO part VALUES (1, 'a', 1)"});
}

TEST_CASE_FIXTURE(changing, "a new partition is captured") {
  partitioned();
  survives(totals, "CREATE TABLE p3 PARTITION OF part DEFAULT",
           {"INSERT INTO p3 VALUES (99, 'a', 1)",
            "INSERT INTO part VALUES (98, 'a', 1)"});
}

TEST_CASE_FIXTURE(changing, "a truncated partition takes its rows") {
  partitioned();
  const auto id = create("kept", totals);
  for (const auto* table : {"p1", "part"}) {
    sql(std::string{"TRUNCATE "} + table);
    CHECK(refresh({id}).at(0).action == "FULL");
    CHECK(difference("kept", totals) == 0);
  }
}

TEST_CASE_FIXTURE(changing, "a leaf may be a source of its own") {
  partitioned();
  survives("SELECT item, sum(amount) AS total FROM p1 GROUP BY item",
           "SELECT 1",
           {"INSERT INTO part VALUES (3, 'new', 1), (13, 'new', 2)",
            "UPDATE part SET amount = amount + 1",
            "UPDATE part SET id = id + 8, amount = amount + 1 WHERE id < 10",
            "DELETE FROM p1"});
}

TEST_CASE_FIXTURE(changing,
                  "a source that becomes a partition is captured on") {
  partitioned();
  sql("CREATE TABLE p3 (id int, item text, amount int); INSERT INTO p3 VALUES "
      "(25, 'x', 1)");
  const std::string of_leaf = "SELECT item, amount FROM p3";
  const auto leaf = create("of_leaf", of_leaf);
  survives(
    totals, "ALTER TABLE part ATTACH PARTITION p3 FOR VALUES FROM (20) TO (30)",
    {"INSERT INTO part VALUES (26, 'y', 7)", "UPDATE p3 SET amount = 3"});
  refresh({leaf});
  CHECK(difference("of_leaf", of_leaf) == 0);
  sql("ALTER TABLE part DETACH PARTITION p3; INSERT INTO p3 VALUES (27, 'z', "
      "1); UPDATE p3 SET amount = 2");
  refresh({leaf});
  CHECK(difference("of_leaf", of_leaf) == 0);
}

TEST_CASE_FIXTURE(changing, "inheritance children are captured") {
  sql("CREATE TABLE base (id int PRIMARY KEY, item text); CREATE TABLE child "
      "(more int) INHERITS (base); "
      "INSERT INTO base VALUES (1, 'a'); INSERT INTO child VALUES (1, 'a', 3), "
      "(2, 'b', 3)");
  survives("SELECT id, item FROM base", "SELECT 1",
           {"INSERT INTO child VALUES (1, 'c', 4), (1, 'c', 4)",
            "UPDATE base SET item = 'd' WHERE id = 1",
            "DELETE FROM child WHERE more = 4"});
}

TEST_CASE_FIXTURE(changing,
                  "a child that leaves its parent is captured no more") {
  sql("CREATE TABLE base (id int, item text); CREATE TABLE child (more int) "
      "INHERITS (base); "
      "INSERT INTO child VALUES (1, 'a', 3), (2, 'b', 3)");
  survives(
    "SELECT id, item FROM base", "ALTER TABLE child NO INHERIT base",
    {"INSERT INTO base VALUES (1, 'c'); INSERT INTO child VALUES (7, 'c', 4)"});
}

TEST_CASE_FIXTURE(changing, "a column that nobody reads may come and go") {
  survives(
    "SELECT item, sum(amount) AS total FROM sale GROUP BY item",
    "ALTER TABLE sale ADD COLUMN note text; ALTER TABLE sale DROP COLUMN note",
    {"INSERT INTO sale VALUES (20, 'x', 2)"});
}

TEST_CASE_FIXTURE(
  changing, "a column may change its type where the result keeps its own") {
  survives("SELECT item, count(amount) AS n FROM sale GROUP BY item",
           "INSERT INTO sale VALUES (11, 'y', 1); ALTER TABLE sale ALTER "
           "amount TYPE text",
           {"INSERT INTO sale VALUES (20, 'x', 'two')",
            "UPDATE sale SET amount = NULL WHERE id < 4"});
}

TEST_CASE_FIXTURE(changing,
                  "a primary key that goes takes the certainty with it") {
  survives("SELECT id, item FROM sale",
           "ALTER TABLE sale DROP CONSTRAINT sale_pkey; INSERT INTO sale "
           "VALUES (1, 'twice', 1)",
           {"INSERT INTO sale VALUES (2, 'twice', 1), (2, 'twice', 1)",
            "DELETE FROM sale WHERE item = 'twice'"});
}

TEST_CASE_FIXTURE(
  changing, "a dropped source is named, and the rows stay what they were") {
  const auto id = create("kept", "SELECT item FROM sale");
  sql("DROP TABLE sale");
  engine::refresher_session refresher{[&] {
    return std::move(*postgres::session::open({.conninfo = conninfo()}));
  }()};
  for (int round = 1; round <= 2; ++round) {
    const auto outcome
      = refresher.run({{id}, engine::initiator::scheduler}, {});
    REQUIRE(outcome);
    REQUIRE(outcome->at(0).error);
    const auto& reason = *outcome->at(0).error;
    CHECK((reason.message + reason.detail).find("sale") != std::string::npos);
  }
  CHECK(sql("SELECT count(*) FROM kept")[0][0].as<int>() == 9);
}

TEST_CASE_FIXTURE(changing, "views may change beneath a stream table") {
  sql("CREATE VIEW inner_view AS SELECT id, item, amount FROM sale; "
      "CREATE VIEW outer_view AS SELECT item, amount FROM inner_view WHERE "
      "amount > 2");
  const std::string query
    = "SELECT item, sum(amount) AS total FROM outer_view GROUP BY item";
  survives(query,
           "CREATE OR REPLACE VIEW outer_view AS SELECT item, amount * 2 AS "
           "amount FROM inner_view",
           {"INSERT INTO sale VALUES (20, 'x', 2)"});
  REQUIRE(engine::drop_stream_table(session(), owner(), "kept", false, {}));
  survives(query,
           "CREATE OR REPLACE VIEW inner_view AS SELECT id, 'one' AS item, "
           "amount FROM sale",
           {"INSERT INTO sale VALUES (21, 'x', 2)"});
}
