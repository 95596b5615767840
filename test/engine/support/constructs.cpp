#include "test/engine/support/constructs.hpp"

#include "test/engine/support/groups.hpp"

namespace pgtrickle::test {

std::vector<construct_group> all_constructs() {
  return {relations_constructs(),  subqueries_constructs(),
          aggregates_constructs(), rows_constructs(),
          with_constructs(),       refused_constructs()};
}

std::string construct_setup() {
  return R"(
    CREATE VIEW known_customer AS SELECT id, region FROM customer WHERE region IS NOT NULL;
    CREATE VIEW busy_region AS SELECT k.region, count(*) AS n FROM known_customer k
      JOIN sale s ON s.customer = k.id GROUP BY k.region;
    CREATE AGGREGATE most(int) (SFUNC = int4larger, STYPE = int);
  )";
}

} // namespace pgtrickle::test
