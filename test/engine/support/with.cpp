// WITH: what docs/sql-support.md says about them.

#include "test/engine/support/groups.hpp"

namespace pgtrickle::test {

construct_group with_constructs() {
  return {
    "WITH",
    {
      {"WITH",
       R"(WITH big AS (SELECT customer, amount FROM sale WHERE amount > 4) SELECT c.region, b.amount FROM customer c JOIN big b ON b.customer = c.id)"},
      {"WITH read twice",
       R"(WITH total AS (SELECT customer, sum(amount) AS n FROM sale GROUP BY customer) SELECT t.customer, t.n FROM total t WHERE t.n > (SELECT avg(n) FROM total))"},
      {"WITH … AS MATERIALIZED",
       R"(WITH big AS MATERIALIZED (SELECT customer FROM sale WHERE amount > 4) SELECT a.customer FROM big a JOIN big b ON a.customer = b.customer + 1)"},
      {"WITH inside a subquery",
       R"(SELECT c.id FROM customer c WHERE EXISTS (WITH v AS (SELECT customer FROM sale WHERE amount > 6) SELECT 1 FROM v WHERE v.customer = c.id))"},
      {"WITH that reads an outer query",
       R"(SELECT c.id, l.n FROM customer c, LATERAL (WITH v AS (SELECT s.amount FROM sale s WHERE s.customer = c.id) SELECT count(*) AS n FROM v) l)"},
      {"WITH RECURSIVE, UNION",
       R"(WITH RECURSIVE reach (a, b) AS (SELECT customer, amount FROM sale WHERE customer < 20 UNION SELECT r.a, s.amount + 10 FROM reach r JOIN sale s ON s.customer = r.b) SELECT a, b FROM reach)"},
      {"WITH RECURSIVE, UNION ALL",
       R"(WITH RECURSIVE down (id, depth) AS (SELECT id, 0 FROM customer WHERE id > 35 UNION ALL SELECT c.id, d.depth + 1 FROM down d JOIN customer c ON c.id = d.id - 7) SELECT id, depth FROM down)"},
      {"WITH RECURSIVE … SEARCH, CYCLE",
       R"(WITH RECURSIVE down (id) AS (SELECT id FROM customer WHERE id > 35 UNION ALL SELECT c.id FROM down d JOIN customer c ON c.id = d.id - 7) CYCLE id SET seen USING path SELECT id, seen FROM down)"},
    }};
}

} // namespace pgtrickle::test
