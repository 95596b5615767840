// INTERSECT, EXCEPT, grouping sets, and orders that pick rows.

#include "test/engine/shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using test::shop;

TEST_CASE_FIXTURE(shop, "INTERSECT and EXCEPT keep their tables") {
  keeps("SELECT customer, amount FROM sale WHERE amount > 2 EXCEPT SELECT id, "
        "id % 10 FROM customer");
  keeps("SELECT customer FROM sale INTERSECT SELECT id FROM customer");
}

TEST_CASE_FIXTURE(shop, "INTERSECT ALL and EXCEPT ALL keep their tables") {
  keeps(
    "SELECT item, amount FROM sale WHERE amount < 6 EXCEPT ALL SELECT item, "
    "amount + 1 FROM sale");
  keeps("SELECT item FROM sale WHERE amount > 5 INTERSECT ALL SELECT item FROM "
        "sale WHERE amount < 5");
}

TEST_CASE_FIXTURE(shop, "nested set operations keep their table") {
  keeps("(SELECT id FROM customer UNION ALL SELECT customer FROM sale) EXCEPT "
        "(SELECT amount FROM sale UNION SELECT id + 3 FROM customer WHERE "
        "region = 'r1')");
}

TEST_CASE_FIXTURE(shop, "ROLLUP keeps its table") {
  keeps("SELECT c.region, s.item, count(*) AS n, sum(s.amount) AS total, "
        "grouping(c.region, s.item) AS level FROM customer c JOIN sale s ON "
        "s.customer = c.id GROUP BY ROLLUP (c.region, s.item)");
}

TEST_CASE_FIXTURE(shop, "CUBE and GROUPING SETS keep their tables") {
  keeps("SELECT item, amount % 3 AS third, count(*) AS n, max(price) AS most "
        "FROM sale GROUP BY CUBE (item, amount % 3) HAVING count(*) > 2");
  keeps(
    "SELECT item, customer, count(*) AS n FROM sale GROUP BY item, GROUPING "
    "SETS ((customer), (), (customer))");
}

TEST_CASE_FIXTURE(shop, "an empty grouping set has a row for no rows") {
  const std::string query = "SELECT item, count(*) AS n, sum(amount) AS total "
                            "FROM sale GROUP BY GROUPING SETS ((item), ())";
  const auto id = create("kept", query);
  sql("DELETE FROM sale");
  (void)refresh({id});
  CHECK(difference("kept", query) == 0);
  CHECK(sql("SELECT n FROM kept").size() == 1);
}

TEST_CASE_FIXTURE(shop, "DISTINCT ON keeps its table") {
  keeps(
    "SELECT DISTINCT ON (s.customer) s.customer, s.item, s.amount FROM sale "
    "s ORDER BY s.customer, s.amount DESC, s.item");
}

TEST_CASE_FIXTURE(shop, "windows over groups keep their table") {
  keeps("SELECT s.item, sum(s.amount) AS total, rank() OVER (ORDER BY "
        "sum(s.amount) DESC) AS place, sum(count(*)) OVER (PARTITION BY "
        "s.item > 'item3') AS n FROM sale s GROUP BY s.item");
}

TEST_CASE_FIXTURE(shop, "named windows keep their table") {
  keeps("SELECT c.id, c.region, row_number() OVER w AS at, lag(c.id) OVER (w "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before, "
        "count(*) OVER () AS n FROM customer c WINDOW w AS (PARTITION BY "
        "c.region ORDER BY c.id)");
}

TEST_CASE_FIXTURE(shop, "the first rows of an order keep their table") {
  keeps("SELECT c.id, c.credit FROM customer c ORDER BY c.credit DESC NULLS "
        "LAST, c.id LIMIT 7 OFFSET 3");
  keeps("SELECT s.amount FROM sale s ORDER BY s.amount FETCH FIRST 5 ROWS WITH "
        "TIES");
  keeps("SELECT id FROM customer UNION ALL SELECT customer FROM sale WHERE "
        "customer IS NOT NULL ORDER BY 1 OFFSET 20");
}

TEST_CASE_FIXTURE(shop, "joins with merged columns keep their tables") {
  sql("CREATE TABLE left_side (id int, a text); CREATE TABLE right_side (id "
      "int, b text); INSERT INTO left_side SELECT i % 30, 'a' || i FROM "
      "generate_series(1, 40) i; INSERT INTO right_side SELECT i % 35 + 10, "
      "'b' || i FROM generate_series(1, 40) i");
  keeps("SELECT id, a, b, c.region FROM left_side FULL JOIN right_side USING "
        "(id) LEFT JOIN customer c USING (id)");
  keeps("SELECT id, a, b, region FROM left_side NATURAL RIGHT JOIN right_side "
        "NATURAL RIGHT JOIN customer");
  keeps("SELECT j.id, j.a, j.region, s.item FROM (left_side l LEFT JOIN "
        "customer USING (id)) AS j JOIN sale s ON s.customer = j.id");
}
