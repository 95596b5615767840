// Aggregates: what docs/sql-support.md says about them.

#include "test/engine/support/groups.hpp"

namespace pgtrickle::test {

construct_group aggregates_constructs() {
  return {
    "Aggregates",
    {
      {"count, sum, avg",
       R"(SELECT item, count(*) AS n, count(price) AS priced, sum(amount) AS total, avg(price) AS mean FROM sale GROUP BY item)"},
      {"min, max",
       R"(SELECT item, min(amount) AS least, max(price) AS most FROM sale GROUP BY item)"},
      {"stddev, variance and their kin",
       R"(SELECT item, stddev(amount) AS sd, stddev_pop(amount) AS sp, variance(price) AS v, var_pop(price) AS vp FROM sale GROUP BY item)"},
      {"corr, covar, regr and their kin",
       R"(SELECT item, regr_count(amount, customer) AS n, round(corr(amount, customer)::numeric, 6) AS r, round(regr_slope(amount, customer)::numeric, 6) AS slope, round(covar_pop(amount, customer)::numeric, 6) AS cov FROM sale GROUP BY item)"},
      {"sum and avg of floating point",
       R"(SELECT item, sum(weight) AS weight FROM sale GROUP BY item)"},
      {"bool_and, bool_or, every",
       R"(SELECT item, bool_and(amount > 1) AS all_big, bool_or(price > 1) AS dear, every(amount < 9) AS few FROM sale GROUP BY item)"},
      {"bit_and, bit_or, bit_xor",
       R"(SELECT item, bit_and(amount) AS ba, bit_or(amount) AS bo, bit_xor(amount) AS bx FROM sale GROUP BY item)"},
      {"FILTER",
       R"(SELECT item, count(*) FILTER (WHERE amount > 3) AS big FROM sale GROUP BY item)"},
      {"DISTINCT inside",
       R"(SELECT item, count(DISTINCT customer) AS customers, sum(DISTINCT amount) AS total FROM sale GROUP BY item)"},
      {"string_agg, array_agg with ORDER BY",
       R"(SELECT customer, string_agg(item, ',' ORDER BY item) AS items, array_agg(amount ORDER BY amount DESC) AS amounts FROM sale GROUP BY customer)"},
      {"json_agg, jsonb_agg, jsonb_object_agg with ORDER BY",
       R"(SELECT customer, jsonb_agg(amount ORDER BY amount) AS amounts, jsonb_object_agg(item, amount ORDER BY item, amount) AS last FROM sale GROUP BY customer)"},
      {"percentile_cont, percentile_disc, mode",
       R"(SELECT item, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS middle, percentile_disc(0.9) WITHIN GROUP (ORDER BY price) AS high, mode() WITHIN GROUP (ORDER BY amount) AS usual FROM sale GROUP BY item)"},
      {"hypothetical-set aggregates",
       R"(SELECT item, rank(4) WITHIN GROUP (ORDER BY amount) AS place FROM sale GROUP BY item)"},
      {"user-defined aggregates",
       R"(SELECT item, most(amount) AS most FROM sale GROUP BY item)"},
      {"without GROUP BY",
       R"(SELECT count(*) AS n, sum(amount) AS total FROM sale)"},
      {"GROUP BY expressions",
       R"(SELECT upper(item) AS item, amount % 3 AS third, count(*) AS n FROM sale GROUP BY upper(item), amount % 3)"},
      {"GROUP BY a primary key, other columns of the table in the list",
       R"(SELECT c.id, c.region, count(s.item) AS n FROM customer c LEFT JOIN sale s ON s.customer = c.id GROUP BY c.id)"},
      {"HAVING",
       R"(SELECT item, count(*) AS n FROM sale GROUP BY item HAVING count(*) > 40 AND max(amount) > 2)"},
      {"GROUPING SETS, GROUPING()",
       R"(SELECT item, customer, count(*) AS n, grouping(item, customer) AS level FROM sale GROUP BY GROUPING SETS ((item), (customer), ()))"},
      {"ROLLUP",
       R"(SELECT item, customer, sum(amount) AS total FROM sale GROUP BY ROLLUP (item, customer))"},
      {"CUBE",
       R"(SELECT item, amount, count(*) AS n FROM sale GROUP BY CUBE (item, amount))"},
      {"aggregates of aggregates",
       R"(SELECT q.n, count(*) AS items FROM (SELECT item, count(*) AS n FROM sale GROUP BY item) q GROUP BY q.n)"},
    }};
}

} // namespace pgtrickle::test
