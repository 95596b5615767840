// WITH, WITH RECURSIVE, and views as sources.

#include "test/engine/shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using test::shop;

TEST_CASE_FIXTURE(shop, "WITH read twice keeps its table") {
  keeps(
    "WITH big AS (SELECT customer, sum(amount) AS total FROM sale GROUP BY "
    "customer), top AS MATERIALIZED (SELECT max(total) AS most FROM big) "
    "SELECT b.customer, b.total FROM big b, top t WHERE b.total = t.most OR "
    "b.total < (SELECT avg(total) FROM big)");
}

TEST_CASE_FIXTURE(shop, "WITH inside a subquery keeps its table") {
  keeps(
    "SELECT x.region, x.n FROM (WITH w AS (SELECT region, count(*) AS n "
    "FROM customer GROUP BY region) SELECT w.region, w.n FROM w WHERE w.n > "
    "2) x WHERE EXISTS (WITH v AS (SELECT region FROM customer WHERE id > "
    "9) SELECT 1 FROM v WHERE v.region = x.region)");
}

TEST_CASE_FIXTURE(shop, "WITH RECURSIVE keeps its table") {
  keeps("WITH RECURSIVE reach (a, b) AS (SELECT customer, amount FROM sale "
        "WHERE customer < 20 UNION SELECT r.a, s.amount + 10 FROM reach r JOIN "
        "sale s ON s.customer = r.b) SELECT a, b FROM reach");
}

TEST_CASE_FIXTURE(shop, "WITH RECURSIVE over all rows keeps its table") {
  keeps(
    "WITH RECURSIVE down (id, depth) AS (SELECT id, 0 FROM customer WHERE "
    "id > 35 UNION ALL SELECT c.id, d.depth + 1 FROM down d JOIN customer c "
    "ON c.id = d.id - 7) SELECT d.id, d.depth, count(*) AS n FROM down d "
    "GROUP BY d.id, d.depth");
}

TEST_CASE_FIXTURE(shop, "nested views keep their table") {
  sql(
    "CREATE VIEW big_sale AS SELECT customer, item, amount FROM sale WHERE "
    "amount > 3; CREATE VIEW by_customer AS SELECT b.customer, count(*) AS n, "
    "c.region FROM big_sale b LEFT JOIN customer c ON c.id = b.customer GROUP "
    "BY b.customer, c.region");
  keeps("SELECT v.region, sum(v.n) AS n FROM by_customer v GROUP BY v.region");
}

TEST_CASE_FIXTURE(shop, "a view over what its reader may not read is "
                        "recomputed") {
  sql(
    "CREATE VIEW big_sale AS SELECT customer, amount FROM sale WHERE amount > "
    "3; CREATE ROLE reader; GRANT SELECT ON big_sale TO reader; GRANT CREATE "
    "ON SCHEMA public TO reader");
  const auto checks = engine::validate_query(session(), {"reader", "public"},
                                             "SELECT customer FROM big_sale");
  REQUIRE(checks);
  CHECK(checks->find("view \\\"public\\\".\\\"big_sale\\\"")
        != std::string::npos);
  sql("DROP OWNED BY reader; DROP ROLE reader");
}
