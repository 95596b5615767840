// Subqueries as conditions and as values, and in FROM behind LATERAL.

#include "test/engine/shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using test::shop;

TEST_CASE_FIXTURE(shop, "EXISTS and NOT EXISTS keep their tables") {
  keeps("SELECT c.id, c.region FROM customer c WHERE EXISTS "
        "(SELECT 1 FROM sale s WHERE s.customer = c.id AND s.amount > 3)");
}

TEST_CASE_FIXTURE(shop, "NOT EXISTS with an inequality keeps its table") {
  keeps("SELECT c.id, c.region FROM customer c WHERE NOT EXISTS (SELECT 1 FROM "
        "sale s WHERE s.customer = c.id AND s.amount <> c.id % 10)");
}

TEST_CASE_FIXTURE(shop, "nested EXISTS that reads the outermost rows keeps its "
                        "table") {
  keeps("SELECT c.id FROM customer c WHERE EXISTS (SELECT 1 FROM sale s WHERE "
        "s.customer = c.id AND NOT EXISTS (SELECT 1 FROM customer d WHERE "
        "d.id = s.amount AND d.region = c.region))");
}

TEST_CASE_FIXTURE(shop, "IN and NOT IN keep their tables where nulls are") {
  keeps("SELECT c.id FROM customer c WHERE c.id IN "
        "(SELECT s.customer FROM sale s WHERE s.amount < 4)");
  keeps("SELECT s.item, s.customer FROM sale s WHERE s.customer NOT IN "
        "(SELECT c.id FROM customer c WHERE c.region = 'r1')");
}

TEST_CASE_FIXTURE(shop, "NOT IN over a column with nulls keeps its table") {
  keeps("SELECT c.id FROM customer c WHERE c.id % 9 NOT IN "
        "(SELECT s.customer % 7 FROM sale s WHERE s.amount = c.id % 10)");
}

TEST_CASE_FIXTURE(shop, "ANY and ALL keep their tables") {
  keeps("SELECT c.id FROM customer c WHERE c.credit > ANY (SELECT s.price FROM "
        "sale s WHERE s.customer = c.id) AND c.id >= ALL "
        "(SELECT s.amount FROM sale s WHERE s.customer = c.id)");
}

TEST_CASE_FIXTURE(shop, "negated ANY and ALL keep their tables") {
  keeps(
    "SELECT c.id FROM customer c WHERE NOT c.id < ANY (SELECT s.amount FROM "
    "sale s WHERE s.customer = c.id) AND NOT c.credit > ALL "
    "(SELECT s.price FROM sale s WHERE s.customer = c.id)");
}

TEST_CASE_FIXTURE(shop, "rows in a subquery keep their table") {
  keeps("SELECT c.id FROM customer c WHERE (c.id, c.id % 10) IN "
        "(SELECT s.customer, s.amount FROM sale s)");
}

TEST_CASE_FIXTURE(shop, "rows that are in no subquery keep their table where "
                        "nulls are") {
  keeps("SELECT s.item FROM sale s WHERE ROW(s.customer, s.price) NOT IN "
        "(SELECT id, credit FROM customer WHERE id % 3 = 0)");
}

TEST_CASE_FIXTURE(shop, "conditions within tests for null keep their table") {
  keeps("SELECT s.item, (s.amount > 3 AND s.price > 1) IS NULL AS unknown, "
        "(s.amount > 3 OR s.price > 1)::text AS either FROM sale s WHERE "
        "(s.amount > 1 AND s.price < 2) IS NOT TRUE");
}

TEST_CASE_FIXTURE(shop, "IN over groups, a set operation and LIMIT keeps its "
                        "table") {
  keeps(
    "SELECT c.id FROM customer c WHERE c.id IN (SELECT s.customer FROM sale "
    "s GROUP BY s.customer HAVING count(*) > 6) AND c.id NOT IN (SELECT "
    "s.amount FROM sale s UNION SELECT d.id FROM customer d WHERE d.id < 3) "
    "AND c.id IN (SELECT d.id FROM customer d ORDER BY d.id DESC LIMIT 30)");
}

TEST_CASE_FIXTURE(shop, "subqueries under OR and in the list keep their "
                        "tables") {
  keeps("SELECT c.id, EXISTS (SELECT 1 FROM sale s WHERE s.customer = c.id AND "
        "s.amount > 7) AS big, c.id IN (SELECT s.customer FROM sale s WHERE "
        "s.amount < 2) AS small FROM customer c WHERE c.id < 5 OR EXISTS "
        "(SELECT 1 FROM sale s WHERE s.customer = c.id AND s.item = 'item3')");
}

TEST_CASE_FIXTURE(shop, "IN as a value is unknown where nulls make it so") {
  keeps("SELECT c.id, (c.id % 20) IN (SELECT s.customer FROM sale s WHERE "
        "s.amount = c.id % 10) AS found, (c.id % 20) > ALL (SELECT s.customer "
        "FROM sale s WHERE s.amount = c.id % 10) AS above FROM customer c");
}

TEST_CASE_FIXTURE(shop, "a correlated aggregate keeps its table") {
  keeps("SELECT c.id, (SELECT count(*) FROM sale s WHERE s.customer = c.id) AS "
        "n, (SELECT sum(s.amount) + 1 FROM sale s WHERE s.customer = c.id AND "
        "s.amount > 2) AS total FROM customer c");
}

TEST_CASE_FIXTURE(shop, "a correlated aggregate as a condition keeps its "
                        "table") {
  keeps("SELECT s.item, s.amount, s.price FROM sale s WHERE s.amount > "
        "(SELECT 0.5 * avg(t.amount) FROM sale t WHERE t.item = s.item)");
}

TEST_CASE_FIXTURE(shop, "an aggregate that is tied by an inequality keeps its "
                        "table") {
  keeps("SELECT c.id, (SELECT count(*) FROM sale s WHERE s.amount < c.id % 10) "
        "AS below, (SELECT max(d.id) FROM customer d WHERE d.region = c.region "
        "AND d.id < c.id) AS before FROM customer c");
}

TEST_CASE_FIXTURE(shop, "an uncorrelated value keeps its table") {
  keeps(
    "SELECT s.item, sum(s.amount) AS total, (SELECT count(*) FROM customer) "
    "AS customers FROM sale s WHERE s.amount < (SELECT avg(amount) FROM "
    "sale) GROUP BY s.item HAVING sum(s.amount) > (SELECT min(amount) * 3 "
    "FROM sale)");
}

TEST_CASE_FIXTURE(shop, "a value that is looked up by a key keeps its table") {
  keeps(
    "SELECT s.item, s.amount, (SELECT c.region FROM customer c WHERE c.id = "
    "s.customer) AS region FROM sale s");
}

TEST_CASE_FIXTURE(shop, "the only row of a subquery keeps its table") {
  keeps("SELECT c.id, (SELECT d.region FROM customer d WHERE d.id = c.id + 1 "
        "ORDER BY d.id LIMIT 1) AS next, (SELECT e.id FROM customer e WHERE "
        "e.id = 7) AS seven FROM customer c");
}

TEST_CASE_FIXTURE(shop, "more than one row for a value is an error") {
  const auto id = create("kept", "SELECT c.id, (SELECT d.id FROM customer d "
                                 "WHERE d.id / 1000 = c.id) AS found "
                                 "FROM customer c");
  sql("INSERT INTO customer VALUES (3001), (3002)");
  engine::refresher_session refresher{
    postgres::session::open({.conninfo = conninfo()}).value()};
  const auto outcomes
    = refresher.run({{id}, engine::initiator::scheduler}, {}).value();
  REQUIRE(outcomes.at(0).error);
  CHECK(outcomes.at(0).error->message.find("more than one row")
        != std::string::npos);
}

TEST_CASE_FIXTURE(shop, "ARRAY of a subquery keeps its table") {
  keeps("SELECT c.id, ARRAY(SELECT s.item FROM sale s WHERE s.customer = c.id "
        "ORDER BY s.item) AS items FROM customer c");
}

TEST_CASE_FIXTURE(shop, "a subquery within an aggregate and beside one keeps "
                        "its table") {
  keeps("SELECT c.region, sum((SELECT count(*) FROM sale s WHERE s.customer = "
        "c.id)) AS sales, (SELECT count(*) FROM customer d WHERE d.region = "
        "c.region) AS n FROM customer c GROUP BY c.region");
}

TEST_CASE_FIXTURE(shop, "LATERAL subqueries keep their tables") {
  keeps(
    "SELECT c.id, x.item, x.amount FROM customer c, LATERAL (SELECT s.item, "
    "s.amount FROM sale s WHERE s.customer = c.id ORDER BY s.amount DESC, "
    "s.item, s.price LIMIT 2) x");
}

TEST_CASE_FIXTURE(shop, "LEFT JOIN LATERAL keeps its table") {
  keeps("SELECT c.id, x.n, x.total, y.twice FROM customer c LEFT JOIN LATERAL "
        "(SELECT count(*) AS n, sum(s.amount) AS total FROM sale s WHERE "
        "s.customer = c.id AND s.amount > c.id % 5) x ON true CROSS JOIN "
        "LATERAL (SELECT c.id * 2 + coalesce(x.n, 0) AS twice) y");
}

TEST_CASE_FIXTURE(shop, "functions that return sets keep their tables") {
  keeps("SELECT c.id, g.n, u.part, u.at, unnest(ARRAY[c.id, g.n]) AS each FROM "
        "customer c, generate_series(1, c.id % 4) g(n) LEFT JOIN LATERAL "
        "unnest(string_to_array(c.region, 'r')) WITH ORDINALITY u(part, at) ON "
        "true WHERE c.id < 30");
}

TEST_CASE_FIXTURE(shop, "subqueries without FROM keep their tables") {
  keeps("SELECT (SELECT count(*) FROM sale) AS sales, (SELECT max(id) FROM "
        "customer) AS last, EXISTS (SELECT 1 FROM sale WHERE amount > 100) AS "
        "any_big");
}

TEST_CASE_FIXTURE(test::stream_database,
                  "a comparison of outer columns alone keeps its table") {
  sql("CREATE TABLE n (x int)");
  const std::string query
    = "SELECT x FROM n GROUP BY x HAVING count(*) > 2 OR NOT (x <= ANY "
      "(SELECT length('z'::text) FROM n s))";
  const auto id = create("kept", query);
  sql("INSERT INTO n VALUES (NULL), (5), (0), (3)");
  (void)refresh({id});
  CHECK(difference("kept", query) == 0);
  sql("DELETE FROM n WHERE x > 0");
  (void)refresh({id});
  CHECK(difference("kept", query) == 0);
}

TEST_CASE_FIXTURE(test::stream_database,
                  "a level that PostgreSQL refuses once its subqueries are "
                  "columns is recomputed") {
  sql("CREATE TABLE n (x int); INSERT INTO n VALUES (1), (1), (2)");
  const std::string query
    = "SELECT array_agg(DISTINCT (SELECT max(x) FROM n) ORDER BY (SELECT "
      "max(x) FROM n)) AS most FROM n";
  CHECK(recomputed_parts(query).find("DISTINCT, ORDER BY")
        != std::string::npos);
  const auto id = create("kept", query);
  sql("INSERT INTO n VALUES (3)");
  (void)refresh({id});
  CHECK(difference("kept", query) == 0);
}

TEST_CASE_FIXTURE(shop, "a subquery that reads a column which a FULL JOIN "
                        "merges keeps its table") {
  keeps("SELECT (SELECT max(z.region) FROM customer z WHERE z.id = j.id) AS r "
        "FROM customer a FULL JOIN (SELECT s.customer AS id FROM sale s) b "
        "USING (id) AS j");
}

TEST_CASE_FIXTURE(shop, "columns that only EXISTS selects are not captured") {
  const std::string query
    = "SELECT c.id FROM customer c WHERE EXISTS (SELECT * FROM sale s WHERE "
      "s.customer = c.id)";
  keeps(query);
  (void)create("buyers", query);
  CHECK(
    sql("SELECT d.columns_used::text FROM pgtrickle.pgt_dependencies d JOIN "
        "pgtrickle.pgt_stream_tables t USING (pgt_id) WHERE t.pgt_name = "
        "'buyers' AND d.source_relid = 'sale'::regclass")[0][0]
      .as<std::string>()
    == sql("SELECT format('{%s}', attnum) FROM pg_attribute WHERE attrelid "
           "= 'sale'::regclass AND attname = 'customer'")[0][0]
         .as<std::string>());
}

TEST_CASE_FIXTURE(shop, "a column that only EXISTS selects may be dropped") {
  const std::string query
    = "SELECT c.id FROM customer c WHERE EXISTS (SELECT * FROM sale s WHERE "
      "s.customer = c.id)";
  const auto id = create("buyers", query);
  sql("ALTER TABLE sale DROP COLUMN weight");
  sql("DELETE FROM sale WHERE customer < 5");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("buyers", query) == 0);
}
