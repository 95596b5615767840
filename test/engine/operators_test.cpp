#include "test/engine/shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using test::shop;

TEST_CASE_FIXTURE(shop, "a filter keeps its table") {
  keeps("SELECT id, region, credit FROM customer WHERE credit > 10 AND region "
        "<> 'r1'");
}

TEST_CASE_FIXTURE(shop, "a projection without a key keeps duplicates") {
  keeps("SELECT item, amount * 2 AS twice, price, weight FROM sale WHERE "
        "amount > 2");
}

TEST_CASE_FIXTURE(shop, "an inner join keeps its table") {
  keeps("SELECT c.id, c.region, s.item, s.amount FROM customer c JOIN sale s "
        "ON s.customer = c.id");
}

TEST_CASE_FIXTURE(shop,
                  "a join of three tables and a self join keep their table") {
  keeps("SELECT a.region, b.id, s.item FROM customer a, customer b, sale s "
        "WHERE a.region = b.region AND s.customer = b.id AND s.amount < 4 AND "
        "a.id < 20");
}

TEST_CASE_FIXTURE(shop, "sums and counts by nullable key keep their table") {
  keeps("SELECT c.region, count(*) AS n, sum(s.amount) AS total, avg(s.price) "
        "AS mean, "
        "count(s.price) AS priced, sum(s.price) FILTER (WHERE s.amount > 3) AS "
        "some "
        "FROM customer c JOIN sale s ON s.customer = c.id GROUP BY c.region");
}

TEST_CASE_FIXTURE(shop, "extremes keep their table when the extreme goes") {
  keeps(
    "SELECT item, min(amount) AS least, max(price) AS most, max(customer) AS "
    "last, "
    "min(price) FILTER (WHERE amount > 2) AS cheap FROM sale GROUP BY item");
}

TEST_CASE_FIXTURE(shop, "variances keep their table to the last digit") {
  keeps("SELECT item, var_samp(amount) AS vs, var_pop(price) AS vp, "
        "stddev(price) AS sd, "
        "stddev_pop(amount) AS sp FROM sale GROUP BY item");
}

TEST_CASE_FIXTURE(shop, "aggregates that need the rows keep their table") {
  keeps("SELECT customer, string_agg(item, ',' ORDER BY item) AS items, "
        "sum(weight) AS weight, "
        "count(DISTINCT item) AS kinds, bool_and(amount > 1) AS all_big, "
        "bool_or(price > 1) AS dear "
        "FROM sale GROUP BY customer");
}

TEST_CASE_FIXTURE(shop,
                  "a global aggregate has a row even when nothing is left") {
  const std::string query = "SELECT count(*) AS n, sum(amount) AS total, "
                            "max(price) AS most, count(DISTINCT item) AS kinds "
                            "FROM sale WHERE amount > 5";
  keeps(query);
  const auto id = create("kept", query);
  sql("DELETE FROM sale");
  (void)refresh({id});
  CHECK(difference("kept", query) == 0);
  CHECK(sql("SELECT n FROM kept")[0][0].as<int>() == 0);
}

TEST_CASE_FIXTURE(shop,
                  "HAVING and expressions over aggregates keep their table") {
  keeps("SELECT upper(item) || '!' AS what, sum(amount) + count(*) AS score "
        "FROM sale "
        "GROUP BY upper(item) HAVING count(*) > 40 AND max(amount) > 2");
}

TEST_CASE_FIXTURE(shop, "a functionally dependent column follows its key") {
  keeps("SELECT c.id, c.region, count(*) AS n FROM customer c JOIN sale s ON "
        "s.customer = c.id GROUP BY c.id");
}

TEST_CASE_FIXTURE(shop, "DISTINCT keeps each row once") {
  keeps("SELECT DISTINCT item, amount FROM sale");
}

TEST_CASE_FIXTURE(shop,
                  "UNION and UNION ALL keep their rows, cast to one type") {
  keeps("SELECT region AS what, credit AS n FROM customer UNION ALL SELECT "
        "item, amount FROM sale");
  sql("SELECT 1");
}

TEST_CASE_FIXTURE(shop, "UNION keeps distinct rows") {
  keeps(
    "SELECT region FROM customer UNION SELECT item FROM sale WHERE amount > 3");
}

TEST_CASE_FIXTURE(shop, "a subquery in FROM keeps its table") {
  keeps("SELECT q.region, s.item, q.n FROM (SELECT region, id, count(*) OVER "
        "() AS n FROM customer) q "
        "JOIN sale s ON s.customer = q.id");
}

TEST_CASE_FIXTURE(shop, "a join over an aggregate keeps its table") {
  keeps("SELECT c.region, t.total FROM customer c JOIN (SELECT customer, "
        "sum(amount) AS total "
        "FROM sale GROUP BY customer) t ON t.customer = c.id");
}

TEST_CASE_FIXTURE(shop, "WITH, EXISTS, EXCEPT and windows keep their tables") {
  keeps(
    "WITH big AS (SELECT * FROM sale WHERE amount > 4) "
    "SELECT c.id, rank() OVER (ORDER BY c.credit, c.id) AS r FROM customer c "
    "WHERE EXISTS (SELECT FROM big WHERE big.customer = c.id) "
    "AND c.id IN (SELECT customer FROM sale EXCEPT SELECT 3)");
}

TEST_CASE_FIXTURE(shop,
                  "columns without equality are told apart by their text") {
  const auto id = create("kept", "SELECT customer, note, item FROM sale");
  for (int round = 1; round <= 3; ++round) {
    change(round);
    CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
    CHECK(sql("SELECT count(*) FROM (SELECT customer, note::text, item, "
              "count(*) FROM kept GROUP BY 1, 2, 3 "
              "EXCEPT SELECT customer, note::text, item, count(*) FROM sale "
              "GROUP BY 1, 2, 3) x")[0][0]
            .as<int>()
          == 0);
    CHECK(
      sql("SELECT (SELECT count(*) FROM kept) = (SELECT count(*) FROM sale)")
        [0][0]
          .as<bool>());
  }
}

TEST_CASE_FIXTURE(
  shop, "history and published alerts are kept for the retention time") {
  const auto id = create("kept", "SELECT id FROM customer");
  change(1);
  refresh({id});
  sql("UPDATE pgtrickle.pgt_refresh_history SET start_time = now() - interval "
      "'91 days' "
      "WHERE refresh_id = (SELECT min(refresh_id) FROM "
      "pgtrickle.pgt_refresh_history)");
  sql("INSERT INTO pgtrickle.pgt_alerts (event, payload, published_at) VALUES "
      "('old', '{}', now() - interval '91 days'), ('new', '{}', now()), "
      "('waiting', '{}', NULL)");
  REQUIRE(engine::prune_history(session(), {}) == 2);
  CHECK(
    sql("SELECT count(*) FROM pgtrickle.pgt_refresh_history")[0][0].as<int>()
    == 1);
  CHECK(
    sql("SELECT count(*) FROM pgtrickle.pgt_alerts WHERE event = 'old'")[0][0]
      .as<int>()
    == 0);
  CHECK(engine::prune_history(session(), {}) == 0);
}
