// IMMEDIATE stream tables: right after every statement, inside the writer's
// transaction, with no daemon at work.

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

struct shop : test::stream_database {
  shop() {
    sql(R"(
      CREATE TABLE customer (id int PRIMARY KEY, region text, credit numeric(10,2), born date, note json);
      CREATE TABLE sale (id serial PRIMARY KEY, customer int, item text, amount int, price numeric, weight float8);
      INSERT INTO customer SELECT i, CASE WHEN i % 5 <> 0 THEN 'r' || i % 4 END, i * 1.5,
        date '2000-01-01' + i FROM generate_series(1, 40) i;
      INSERT INTO sale (customer, item, amount, price, weight) SELECT CASE WHEN i % 9 <> 0 THEN 1 + i % 45 END,
        'item' || i % 6, i % 10, (i % 7) / 3.0, i % 11 / 8.0 FROM generate_series(1, 300) i;
    )");
  }

  /// Runs `statement`; whatever it did, the stream table is right afterwards.
  void then(const std::string& statement) {
    CAPTURE(statement);
    sql(statement);
    CHECK(difference("kept", query_) == 0);
  }

  /// Keeps a stream table over `query` through the statements of transactions.
  void keeps(const std::string& query) {
    CAPTURE(query);
    query_ = query;
    create("kept", query, "IMMEDIATE");
    CHECK(difference("kept", query) == 0);
    for (const auto* statement : statements)
      then(statement);
    CHECK(sql("SELECT staleness, status, schedule, effective_refresh_mode FROM "
              "pgtrickle.pgt_status()")[0][0]
            .as<std::string>()
          == "00:00:00");
  }

  static constexpr const char* statements[] = {
    "BEGIN",
    "INSERT INTO customer VALUES (101, 'r1', 7, NULL), (102, NULL, 8, NULL)",
    "INSERT INTO sale (customer, item, amount, price, weight) VALUES (101, "
    "'item1', 3, 1.0, 1)",
    "UPDATE sale SET amount = amount + 1 WHERE id = 7",
    "UPDATE sale SET weight = weight + 1 WHERE id % 3 = 0",
    "SAVEPOINT a",
    "DELETE FROM customer WHERE id % 4 = 1",
    "UPDATE customer SET id = id + 1000 WHERE id > 30",
    "SAVEPOINT b",
    "DELETE FROM sale WHERE item = 'item3'",
    "ROLLBACK TO b",
    "UPDATE sale SET price = price * 2, item = 'item1' WHERE amount = 4",
    "RELEASE b",
    "UPDATE customer SET region = region",
    "ROLLBACK TO a",
    "DELETE FROM sale WHERE amount > 6",
    "COMMIT",
    "BEGIN",
    "DELETE FROM customer WHERE id < 10",
    "ROLLBACK",
    // every row of both is changed by one statement
    "WITH c AS (UPDATE customer SET region = 'r' || id % 3 RETURNING id), s AS "
    "(UPDATE sale SET customer = customer % 20 + 1, amount = 9 - amount "
    "RETURNING id), d AS (DELETE FROM sale WHERE amount = 2 RETURNING id) "
    "INSERT INTO customer SELECT 5000 + i, 'r1', i FROM generate_series(1, 3) "
    "i",
    "WITH gone AS (DELETE FROM customer WHERE id IN (3, 4, 5001) RETURNING *) "
    "INSERT INTO sale (customer, item, amount, price) SELECT id, 'moved', 1, 1 "
    "FROM gone",
    "INSERT INTO customer VALUES (5, 'r9', 1), (6, 'r9', 2), (2000, 'r9', 3) "
    "ON CONFLICT (id) DO UPDATE SET region = excluded.region, credit = "
    "customer.credit + 1",
    "INSERT INTO customer VALUES (5, 'r9', 1) ON CONFLICT DO NOTHING",
    "MERGE INTO customer c USING (SELECT i AS id, i % 3 AS m FROM "
    "generate_series(8, 60) i) n ON c.id = n.id WHEN MATCHED AND n.m = 0 THEN "
    "DELETE WHEN MATCHED THEN UPDATE SET region = 'merged' WHEN NOT MATCHED "
    "THEN INSERT VALUES (n.id, 'new', 1)",
    "INSERT INTO sale (customer, item, amount, price, weight) SELECT i % 50, "
    "'item' || i % 6, i % 12, NULL, 'NaN' FROM generate_series(1, 3000) i",
    "DELETE FROM sale WHERE amount % 2 = 0",
    "BEGIN",
    "TRUNCATE sale",
    "INSERT INTO sale (customer, item, amount) SELECT i, 'again', i FROM "
    "generate_series(1, 60) i",
    "SAVEPOINT a",
    "TRUNCATE customer, sale",
    "ROLLBACK TO a",
    "UPDATE sale SET item = 'item' || amount % 3",
    "COMMIT",
  };

private:
  std::string query_;
};

} // namespace

TEST_CASE_FIXTURE(shop, "a filter is right after every statement") {
  keeps("SELECT id, region, credit FROM customer WHERE credit > 10");
}

TEST_CASE_FIXTURE(shop, "rows without a key are right after every statement") {
  keeps("SELECT item, amount * 2 AS twice FROM sale WHERE amount > 2");
}

TEST_CASE_FIXTURE(shop, "a join is right after every statement") {
  keeps("SELECT c.id, c.region, s.item, s.amount FROM customer c JOIN sale s "
        "ON s.customer = c.id");
}

TEST_CASE_FIXTURE(shop, "a self join is right after every statement") {
  keeps("SELECT a.id AS one, b.id AS other, a.region FROM customer a JOIN "
        "customer b ON a.region = b.region AND a.id < b.id");
}

TEST_CASE_FIXTURE(shop, "a join of three is right after every statement") {
  keeps("SELECT a.region, b.id, s.item FROM customer a, customer b, sale s "
        "WHERE a.region = b.region AND s.customer = b.id AND s.amount < 4");
}

TEST_CASE_FIXTURE(shop, "aggregates over a join are right after every "
                        "statement") {
  keeps("SELECT c.region, count(*) AS n, sum(s.amount) AS total, avg(s.price) "
        "AS mean, max(s.amount) AS most, min(s.item) AS first FROM customer c "
        "JOIN sale s ON s.customer = c.id GROUP BY c.region");
}

TEST_CASE_FIXTURE(shop, "the one row of an aggregate without keys is right "
                        "after every statement") {
  keeps("SELECT count(*) AS n, sum(weight) AS w, string_agg(item, ',' ORDER BY "
        "id) AS items FROM sale");
}

TEST_CASE_FIXTURE(shop, "distinct rows are right after every statement") {
  keeps("SELECT DISTINCT item, amount FROM sale");
}

TEST_CASE_FIXTURE(shop, "a union is right after every statement") {
  keeps("SELECT id, region AS name FROM customer UNION ALL SELECT amount, item "
        "FROM sale UNION ALL SELECT id, region FROM customer WHERE id < 20");
}

TEST_CASE_FIXTURE(shop, "a recomputed query is right after every statement") {
  keeps("SELECT c.id, (SELECT max(s.amount) FROM sale s WHERE s.customer = "
        "c.id) AS most FROM customer c WHERE c.id NOT IN (SELECT customer FROM "
        "sale WHERE customer IS NOT NULL AND amount > 8)");
}

TEST_CASE_FIXTURE(shop, "a recomputed part below operators is right after "
                        "every statement") {
  keeps("SELECT region, count(item) AS n FROM (SELECT c.region, s.item FROM "
        "customer c LEFT JOIN sale s ON s.customer = c.id) j GROUP BY region");
}

TEST_CASE_FIXTURE(shop, "COPY is followed") {
  create("kept", "SELECT item, count(*) AS n FROM sale GROUP BY item",
         "IMMEDIATE");
  pqxx::connection db{conninfo()};
  pqxx::work tx{db};
  auto stream = pqxx::stream_to{
    tx, "sale", std::vector<std::string>{"customer", "item", "amount"}};
  for (int i = 0; i < 100; ++i)
    stream << std::make_tuple(i, "copied", i);
  stream.complete();
  CHECK(tx.exec1("SELECT n FROM kept WHERE item = 'copied'")[0].as<int>()
        == 100);
}

TEST_CASE_FIXTURE(shop, "cascades of foreign keys are followed") {
  sql("DELETE FROM sale WHERE customer > 40 OR customer IS NULL; "
      "ALTER TABLE sale ADD FOREIGN KEY (customer) REFERENCES customer ON "
      "DELETE CASCADE ON UPDATE CASCADE");
  const std::string query
    = "SELECT c.region, c.id, s.item FROM customer c JOIN sale s ON s.customer "
      "= c.id";
  create("kept", query, "IMMEDIATE");
  for (const auto* statement :
       {"DELETE FROM customer WHERE id IN (1, 2, 3)",
        "UPDATE customer SET id = id + 100 WHERE id % 2 = 0",
        "DELETE FROM customer", "TRUNCATE customer CASCADE"}) {
    CAPTURE(statement);
    sql(statement);
    CHECK(difference("kept", query) == 0);
  }
}

TEST_CASE_FIXTURE(shop, "triggers that write to other sources are followed") {
  sql(R"(
    CREATE FUNCTION sell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO sale (customer, item, amount) VALUES (NEW.id, 'welcome', 1);
      BEGIN
        INSERT INTO sale (customer, item, amount) VALUES (NEW.id, 'lost', 1);
        RAISE EXCEPTION 'no';
      EXCEPTION WHEN raise_exception THEN NULL;
      END;
      IF TG_WHEN = 'BEFORE' THEN DELETE FROM sale WHERE customer = NEW.id % 40; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER early BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION sell();
    CREATE TRIGGER late AFTER INSERT ON customer FOR EACH ROW EXECUTE FUNCTION sell();
    CREATE TRIGGER zz AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION sell();
  )");
  const std::string query
    = "SELECT c.region, c.id, s.item, count(*) AS n FROM customer c JOIN sale "
      "s ON s.customer = c.id GROUP BY c.region, c.id, s.item";
  create("kept", query, "IMMEDIATE");
  for (const auto* statement :
       {"INSERT INTO customer SELECT i, 'r1', 1 FROM generate_series(201, 209) "
        "i",
        "UPDATE customer SET region = 'r2' WHERE id > 200",
        "INSERT INTO customer VALUES (1, 'x'), (301, 'y') ON CONFLICT (id) DO "
        "UPDATE SET region = 'z'"}) {
    CAPTURE(statement);
    sql(statement);
    CHECK(difference("kept", query) == 0);
  }
}

TEST_CASE_FIXTURE(shop, "partitions and children are followed, whichever way "
                        "they are written to") {
  sql(R"(
    CREATE TABLE event (id int, kind text) PARTITION BY LIST (kind);
    CREATE TABLE event_a PARTITION OF event FOR VALUES IN ('a');
    CREATE TABLE event_b PARTITION OF event FOR VALUES IN ('b');
    CREATE TABLE base (id int, kind text); CREATE TABLE extra (more int) INHERITS (base);
    INSERT INTO event SELECT i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 20) i;
  )");
  const std::string query
    = "SELECT e.kind, e.id, b.id AS other FROM event e JOIN base b ON b.kind = "
      "e.kind";
  create("kept", query, "IMMEDIATE");
  for (const auto* statement :
       {"INSERT INTO base VALUES (1, 'a')",
        "INSERT INTO extra VALUES (2, 'b', 3)",
        "UPDATE base SET kind = CASE kind WHEN 'a' THEN 'b' ELSE 'a' END",
        "UPDATE event SET kind = 'a' WHERE id < 10", "DELETE FROM event_a",
        "INSERT INTO event_b VALUES (77, 'b')",
        "CREATE TABLE event_c PARTITION OF event FOR VALUES IN ('c')",
        "INSERT INTO event VALUES (78, 'c')",
        "INSERT INTO extra VALUES (3, 'c', 3)",
        "CREATE TABLE event_d AS SELECT 79 AS id, 'd'::text AS kind",
        "INSERT INTO base VALUES (4, 'd')",
        "ALTER TABLE event ATTACH PARTITION event_d FOR VALUES IN ('d')",
        "INSERT INTO event_d VALUES (80, 'd')",
        "ALTER TABLE event DETACH PARTITION event_c",
        "INSERT INTO event_c VALUES (81, 'c')", "DROP TABLE event_b",
        "DROP TABLE extra", "TRUNCATE event_d", "TRUNCATE event"}) {
    CAPTURE(statement);
    sql(statement);
    CHECK(difference("kept", query) == 0);
  }
}
