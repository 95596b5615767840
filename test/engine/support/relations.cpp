// Joins and filters: what docs/sql-support.md says about them.

#include "test/engine/support/groups.hpp"

namespace pgtrickle::test {

construct_group relations_constructs() {
  return {
    "Joins and filters",
    {
      {"WHERE",
       R"(SELECT id, region FROM customer WHERE credit > 10 AND region <> 'r1')"},
      {"expressions in the list",
       R"(SELECT item, amount * 2 AS twice, upper(item) || '!' AS loud FROM sale)"},
      {"CASE, coalesce, nullif",
       R"(SELECT id, CASE WHEN region IS NULL THEN 'none' ELSE region END AS region, coalesce(nullif(credit, 3), 0) AS credit FROM customer)"},
      {"a query without tables", R"(SELECT 1 AS one)"},
      {"VALUES",
       R"(SELECT v.n, c.region FROM (VALUES (1), (7)) AS v (n) JOIN customer c ON c.id = v.n)"},
      {"VALUES alone", R"(VALUES (1, 'a'), (2, 'b'))"},
      {"a subquery in FROM",
       R"(SELECT q.region, q.n + 1 AS n FROM (SELECT region, count(*) AS n FROM customer GROUP BY region) q)"},
      {"inner join",
       R"(SELECT c.region, s.item FROM customer c JOIN sale s ON s.customer = c.id)"},
      {"cross join",
       R"(SELECT c.id, s.item FROM customer c CROSS JOIN sale s WHERE c.id < 4)"},
      {"self join",
       R"(SELECT a.id, b.id AS other FROM customer a JOIN customer b ON a.region = b.region AND a.id < b.id)"},
      {"NATURAL JOIN",
       R"(SELECT customer, region, item FROM (SELECT id AS customer, region FROM customer) c NATURAL JOIN sale)"},
      {"JOIN USING",
       R"(SELECT customer, c.region, s.item FROM (SELECT id AS customer, region FROM customer) c JOIN sale s USING (customer))"},
      {"JOIN USING with an alias",
       R"(SELECT j.customer, c.region FROM (SELECT id AS customer, region FROM customer) c JOIN sale s USING (customer) AS j)"},
      {"LEFT JOIN",
       R"(SELECT c.id, s.item FROM customer c LEFT JOIN sale s ON s.customer = c.id)"},
      {"RIGHT JOIN",
       R"(SELECT c.id, s.item FROM customer c RIGHT JOIN sale s ON s.customer = c.id AND s.amount > 3)"},
      {"FULL JOIN",
       R"(SELECT c.id, s.item FROM customer c FULL JOIN sale s ON s.customer = c.id)"},
      {"FULL JOIN USING",
       R"(SELECT customer, c.region, s.item FROM (SELECT id AS customer, region FROM customer) c FULL JOIN sale s USING (customer))"},
      {"outer joins nested, in parentheses, beside inner ones",
       R"(SELECT c.id, s.item, d.region FROM customer c LEFT JOIN (sale s JOIN customer d ON d.id = s.amount) ON s.customer = c.id)"},
      {"joins in parentheses with column aliases",
       R"(SELECT j.a, j.b FROM (customer c JOIN sale s ON s.customer = c.id) AS j (a, b))"},
      {"join by OR",
       R"(SELECT c.id, s.item FROM customer c LEFT JOIN sale s ON s.customer = c.id OR s.amount = c.id)"},
      {"join by an inequality",
       R"(SELECT c.id, s.item FROM customer c LEFT JOIN sale s ON s.customer > c.id AND s.amount > 8)"},
      {"join by expressions",
       R"(SELECT c.id, s.item FROM customer c JOIN sale s ON s.customer + 1 = c.id * 2)"},
      {"join by IS NOT DISTINCT FROM",
       R"(SELECT c.id, s.item FROM customer c JOIN sale s ON s.item IS NOT DISTINCT FROM c.region OR s.customer IS NOT DISTINCT FROM c.id)"},
      {"subquery in the condition of an inner join",
       R"(SELECT c.id, s.item FROM customer c JOIN sale s ON s.customer = c.id AND EXISTS (SELECT 1 FROM sale t WHERE t.customer = c.id AND t.amount > 5))"},
      {"subquery in the condition of an outer join",
       R"(SELECT c.id, s.item FROM customer c LEFT JOIN sale s ON s.customer = c.id AND EXISTS (SELECT 1 FROM sale t WHERE t.customer = c.id AND t.amount > 5))"},
      {"whole-row reference",
       R"(SELECT c.id, c::text AS line FROM customer c)"},
      {"ONLY", R"(SELECT id FROM ONLY customer)"},
      {"view, nested views",
       R"(SELECT v.region, v.n FROM busy_region v WHERE v.n > 1)"},
      {"stream table as a source",
       R"(SELECT c.id, t.credit FROM customer c JOIN region_total t ON t.region = c.region)"},
    }};
}

} // namespace pgtrickle::test
