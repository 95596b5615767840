#include "test/engine/shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using test::shop;

TEST_CASE_FIXTURE(shop, "a left join keeps its table") {
  keeps("SELECT c.id, c.region, s.item, s.amount FROM customer c LEFT "
        "JOIN sale s ON s.customer = c.id");
}

TEST_CASE_FIXTURE(shop, "a right join keeps its table") {
  keeps("SELECT c.id, c.region, s.item, s.amount FROM customer c RIGHT "
        "JOIN sale s ON s.customer = c.id AND s.amount > 3");
}

TEST_CASE_FIXTURE(shop, "a full join keeps its table") {
  keeps("SELECT c.id, c.credit, s.item, s.price, s.weight FROM "
        "customer c FULL JOIN sale s ON s.customer = c.id");
}

TEST_CASE_FIXTURE(
  shop, "a left join over expressions and an inequality keeps its table") {
  keeps("SELECT c.id, s.item, s.amount FROM customer c LEFT JOIN sale "
        "s ON s.customer + 1 = c.id * 2 AND s.amount < c.credit");
}

TEST_CASE_FIXTURE(shop, "a left join by OR keeps its table") {
  keeps("SELECT c.id, s.customer, s.item FROM customer c LEFT JOIN "
        "sale s ON s.customer = c.id OR (s.amount = c.id AND c.region "
        "IS NULL)");
}

TEST_CASE_FIXTURE(
  shop, "a left join whose condition reads one side keeps its table") {
  keeps("SELECT c.id, s.item FROM customer c LEFT JOIN sale s ON c.id "
        "< 3");
}

TEST_CASE_FIXTURE(
  shop, "a condition on the padded side after the join keeps its table") {
  keeps("SELECT c.id, c.region, s.item FROM customer c LEFT JOIN sale "
        "s ON s.customer = c.id WHERE s.amount IS NULL OR s.amount > 8");
}

TEST_CASE_FIXTURE(shop,
                  "outer joins with inner ones among them keep their table") {
  keeps("SELECT a.id, b.region, s.item, t.amount FROM customer a JOIN "
        "customer b ON a.region = b.region AND b.id < 10 LEFT JOIN "
        "sale s ON s.customer = b.id AND s.amount > 6 FULL JOIN "
        "(SELECT customer, amount FROM sale WHERE price > 1.5) t ON "
        "t.customer = a.id");
}

TEST_CASE_FIXTURE(shop,
                  "a left join of a left join's padded side keeps its table") {
  keeps("SELECT c.id, s.item, d.region FROM customer c LEFT JOIN (sale "
        "s JOIN customer d ON d.id = s.amount) ON s.customer = c.id");
}

TEST_CASE_FIXTURE(shop, "a self join of a table that is kept keeps its table") {
  keeps("SELECT a.id, a.region, b.id AS other FROM customer a LEFT "
        "JOIN customer b ON a.region = b.region AND a.id < b.id");
}

TEST_CASE_FIXTURE(shop, "NATURAL and USING give each key once") {
  keeps("SELECT * FROM (SELECT id AS customer, region FROM customer) c "
        "NATURAL FULL JOIN (SELECT customer, item FROM sale) s LEFT "
        "JOIN (SELECT id AS customer, born FROM customer) d USING "
        "(customer)");
}

TEST_CASE_FIXTURE(shop,
                  "aggregates over and under outer joins keep their table") {
  keeps("SELECT c.region, count(s.amount) AS sales, sum(t.n) AS n FROM "
        "customer c LEFT JOIN sale s ON s.customer = c.id LEFT JOIN "
        "(SELECT customer, count(*) AS n FROM sale GROUP BY customer) "
        "t ON t.customer = c.id GROUP BY c.region");
}

TEST_CASE_FIXTURE(shop, "EXISTS keeps its table") {
  keeps("SELECT c.id, c.region FROM customer c WHERE EXISTS (SELECT "
        "FROM sale s WHERE s.customer = c.id AND s.amount > 4)");
}

TEST_CASE_FIXTURE(shop, "NOT EXISTS keeps its table") {
  keeps("SELECT s.item, s.amount FROM sale s WHERE NOT EXISTS (SELECT "
        "FROM customer c WHERE c.id = s.customer AND c.region = 'r1')");
}

TEST_CASE_FIXTURE(shop, "EXISTS by an inequality keeps its table") {
  keeps("SELECT c.id FROM customer c WHERE EXISTS (SELECT FROM sale s "
        "WHERE s.customer > c.id AND s.price > c.credit / 10)");
}

TEST_CASE_FIXTURE(shop, "an uncorrelated EXISTS keeps its table") {
  keeps("SELECT c.id FROM customer c WHERE EXISTS (SELECT FROM sale s "
        "WHERE s.amount > 12) AND NOT EXISTS (SELECT FROM sale s WHERE "
        "s.amount > 40)");
}

TEST_CASE_FIXTURE(shop, "IN keeps its table") {
  keeps("SELECT s.item, s.customer FROM sale s WHERE s.customer IN "
        "(SELECT id FROM customer WHERE region IS NOT NULL)");
}

TEST_CASE_FIXTURE(shop, "IN a list with nulls and duplicates keeps its table") {
  keeps("SELECT c.id FROM customer c WHERE c.id IN (SELECT customer "
        "FROM sale WHERE amount > 2)");
}

TEST_CASE_FIXTURE(shop, "NOT IN without nulls keeps its table") {
  keeps("SELECT s.item, s.customer FROM sale s WHERE s.customer NOT IN "
        "(SELECT id FROM customer WHERE region = 'r2')");
}

TEST_CASE_FIXTURE(shop, "NOT IN with nulls on both sides keeps its table") {
  keeps("SELECT s.item, s.customer FROM sale s WHERE s.customer NOT IN "
        "(SELECT customer FROM sale WHERE amount = 7 AND price < 0.5)");
}

TEST_CASE_FIXTURE(shop, "NOT IN an aggregate keeps its table") {
  keeps("SELECT c.id FROM customer c WHERE c.id NOT IN (SELECT "
        "max(customer) FROM sale WHERE customer IS NOT NULL GROUP BY "
        "item)");
}

TEST_CASE_FIXTURE(shop, "semi joins inside outer joins keep their table") {
  keeps("SELECT c.id, s.item FROM (SELECT id FROM customer WHERE id IN "
        "(SELECT customer FROM sale WHERE amount > 5)) c FULL JOIN "
        "(SELECT customer, item FROM sale s WHERE NOT EXISTS (SELECT "
        "FROM customer c WHERE c.id = s.amount)) s ON s.customer = c.id");
}

TEST_CASE_FIXTURE(shop, "correlated NOT IN with nulls keeps its table") {
  keeps("SELECT s.item, s.customer FROM sale s WHERE s.customer NOT IN "
        "(SELECT CASE WHEN id % 13 <> 0 THEN id END FROM customer c WHERE "
        "c.region = s.item OR c.id % 10 = s.amount)");
}

TEST_CASE_FIXTURE(shop,
                  "a subquery in the condition of an inner join keeps its "
                  "table") {
  keeps("SELECT c.id, s.item FROM customer c JOIN sale s ON s.customer = c.id "
        "AND EXISTS (SELECT FROM sale t WHERE t.customer = c.id AND t.amount > "
        "s.amount)");
  keeps(
    "SELECT d.id, c.id AS other, s.item FROM customer d LEFT JOIN (customer "
    "c JOIN sale s ON s.customer = c.id AND s.amount NOT IN (SELECT t.amount "
    "FROM sale t WHERE t.item = 'item2')) ON c.region = d.region AND c.id < "
    "4");
}

TEST_CASE_FIXTURE(shop, "names of joins and of what they merge keep their "
                        "tables") {
  keeps("SELECT j.customer, c.region, s.item FROM (SELECT id AS customer, "
        "region FROM customer) c FULL JOIN sale s USING (customer) AS j");
  keeps(
    "SELECT j.a, j.b, j.e FROM ((SELECT id, region FROM customer) c LEFT "
    "JOIN (SELECT customer, item, amount FROM sale) s ON s.customer = c.id) "
    "AS j (a, b, c, d, e)");
}

TEST_CASE_FIXTURE(shop, "a full join that PostgreSQL takes for a left one is "
                        "recomputed") {
  keeps("SELECT c.id, s.item FROM customer c FULL JOIN sale s ON s.customer > "
        "c.id WHERE c.id < 6",
        "FULL JOIN without an equality of its sides");
}
