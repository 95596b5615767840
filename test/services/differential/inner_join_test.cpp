#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

plan_ptr orders_with_customers() {
  return node_of(
    inner_join{scan_of_orders(), scan_of_customers(), "l.c1 = r.c1"}, 3);
}

} // namespace

TEST_CASE("a join has a term for each side's changes and takes back the pairs "
          "that both count") {
  const auto emitted = emission_of(*orders_with_customers());
  CHECK(emitted.lines == R"(
  t3 := '';
  IF #orders > 0 THEN
    t3 := t3 || '
      UNION ALL
      SELECT l.c1 AS c1, l.c2 AS c2, r.c1 AS c3, l.__weight AS __weight
      FROM Δorders l
      JOIN (SELECT "id" AS c1
      FROM public.customers) r ON l.c1 = r.c1';
  END IF;
  IF #customers > 0 THEN
    t3 := t3 || '
      UNION ALL
      SELECT l.c1 AS c1, l.c2 AS c2, r.c1 AS c3, r.__weight AS __weight
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) l
      JOIN Δcustomers r ON l.c1 = r.c1';
    IF #orders > 0 THEN
      t3 := t3 || '
      UNION ALL
      SELECT l.c1 AS c1, l.c2 AS c2, r.c1 AS c3, -l.__weight * r.__weight AS __weight
      FROM Δorders l
      JOIN Δcustomers r ON l.c1 = r.c1';
    END IF;
  END IF;
  t3 := CASE t3 WHEN '' THEN '(SELECT NULL::integer AS c1, NULL::integer AS c2, NULL::integer AS c3, NULL::bigint AS __weight
      WHERE false)' ELSE '(' || substr(t3, 12) || ')' END;
)");
}

TEST_CASE("a join changes when one of its sides does") {
  CHECK(emission_of(*orders_with_customers()).counts
        == std::vector<std::string>{"#orders", "#customers"});
}

TEST_CASE("a join that another join reads twice is staged first") {
  const auto emitted = emission_of(*node_of(
    inner_join{orders_with_customers(), scan_of_customers(), "l.c2 = r.c1"},
    4));
  CHECK(emitted.has(R"(
  IF #orders + #customers > 0 THEN
    STAGE delta AS t3;
  END IF;
)"));
  CHECK(emitted.has("JOIN Δcustomers r ON l.c2 = r.c1"));
  CHECK(emitted.has("FROM delta l\n      JOIN Δcustomers r ON l.c2 = r.c1"));
  CHECK(emitted.counts == std::vector<std::string>{"#delta", "#customers"});
}
