// Sets, windows and order: what docs/sql-support.md says about them.

#include "test/engine/support/groups.hpp"

namespace pgtrickle::test {

construct_group rows_constructs() {
  return {
    "Sets, windows and order",
    {
      {"DISTINCT", R"(SELECT DISTINCT item, amount FROM sale)"},
      {"DISTINCT ON",
       R"(SELECT DISTINCT ON (s.customer) s.customer, s.item, s.amount FROM sale s ORDER BY s.customer, s.amount DESC, s.item)"},
      {"UNION", R"(SELECT region FROM customer UNION SELECT item FROM sale)"},
      {"UNION ALL",
       R"(SELECT region FROM customer UNION ALL SELECT item FROM sale)"},
      {"INTERSECT",
       R"(SELECT customer FROM sale INTERSECT SELECT id FROM customer)"},
      {"INTERSECT ALL",
       R"(SELECT item FROM sale WHERE amount > 5 INTERSECT ALL SELECT item FROM sale WHERE amount < 5)"},
      {"EXCEPT", R"(SELECT customer FROM sale EXCEPT SELECT id FROM customer)"},
      {"EXCEPT ALL",
       R"(SELECT item, amount FROM sale EXCEPT ALL SELECT item, amount + 1 FROM sale)"},
      {"nested set operations",
       R"((SELECT id FROM customer UNION ALL SELECT customer FROM sale) EXCEPT (SELECT amount FROM sale UNION SELECT id + 3 FROM customer))"},
      {"rank, dense_rank, percent_rank, cume_dist",
       R"(SELECT c.id, rank() OVER (PARTITION BY c.region ORDER BY c.credit) AS place, cume_dist() OVER (PARTITION BY c.region ORDER BY c.credit) AS share FROM customer c)"},
      {"row_number, ntile",
       R"(SELECT c.id, row_number() OVER (PARTITION BY c.region ORDER BY c.id) AS at, ntile(3) OVER (PARTITION BY c.region ORDER BY c.id) AS third FROM customer c)"},
      {"lag, lead, first_value, last_value, nth_value",
       R"(SELECT c.id, lag(c.id) OVER w AS before, lead(c.id) OVER w AS after, first_value(c.id) OVER w AS first FROM customer c WINDOW w AS (PARTITION BY c.region ORDER BY c.id))"},
      {"aggregates OVER a partition",
       R"(SELECT s.item, s.amount, sum(s.amount) OVER (PARTITION BY s.item) AS total FROM sale s)"},
      {"running totals",
       R"(SELECT c.id, sum(c.credit) OVER (PARTITION BY c.region ORDER BY c.id) AS running FROM customer c)"},
      {"frames: ROWS, RANGE, GROUPS, EXCLUDE",
       R"(SELECT c.id, sum(c.id) OVER (ORDER BY c.id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS near, count(*) OVER (ORDER BY c.id RANGE BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS n, max(c.id) OVER (ORDER BY c.region GROUPS 1 PRECEDING) AS most FROM customer c)"},
      {"several windows",
       R"(SELECT c.id, rank() OVER (PARTITION BY c.region ORDER BY c.id) AS r, count(*) OVER (PARTITION BY c.born) AS n, count(*) OVER () AS everybody FROM customer c)"},
      {"windows without PARTITION BY",
       R"(SELECT c.id, rank() OVER (ORDER BY c.credit DESC, c.id) AS place FROM customer c)"},
      {"windows over groups",
       R"(SELECT s.item, sum(s.amount) AS total, rank() OVER (ORDER BY sum(s.amount) DESC) AS place FROM sale s GROUP BY s.item)"},
      {"ORDER BY … LIMIT",
       R"(SELECT c.id, c.credit FROM customer c ORDER BY c.credit DESC NULLS LAST, c.id LIMIT 7)"},
      {"ORDER BY … LIMIT … OFFSET",
       R"(SELECT c.id, c.credit FROM customer c ORDER BY c.id LIMIT 7 OFFSET 3)"},
      {"FETCH FIRST … WITH TIES",
       R"(SELECT s.amount FROM sale s ORDER BY s.amount FETCH FIRST 5 ROWS WITH TIES)"},
      {"LIMIT in a subquery",
       R"(SELECT c.id FROM customer c WHERE c.id IN (SELECT d.id FROM customer d ORDER BY d.id DESC LIMIT 30))"},
      {"ORDER BY without LIMIT", R"(SELECT id FROM customer ORDER BY id)"},
    }};
}

} // namespace pgtrickle::test
