#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

emission outer(bool left, bool right) {
  return emission_of(*node_of(outer_join{scan_of_orders(), scan_of_customers(),
                                         "l.c1 = r.c1", left, right},
                              3));
}

std::string after(const std::string& text, const std::string& start) {
  return text.substr(text.find(start) + start.size());
}

} // namespace

TEST_CASE("an outer join has the pairs of the inner join") {
  const auto pairs
    = emission_of(
        *node_of(
          inner_join{scan_of_orders(), scan_of_customers(), "l.c1 = r.c1"}, 3))
        .lines;
  CHECK(outer(true, false)
          .lines.starts_with(pairs.substr(0, pairs.find("  t3 := CASE"))));
}

TEST_CASE("a left join pads the left rows without a match") {
  const auto emitted = outer(true, false);
  CHECK(emitted.has(R"(
  IF #orders > 0 THEN
    t3 := t3 || '
      UNION ALL
      SELECT l.c1 AS c1, l.c2 AS c2, NULL::integer AS c3, l.__weight AS __weight
      FROM Δorders l
      WHERE NOT EXISTS (SELECT
      FROM (SELECT "id" AS c1
      FROM public.customers) r
      WHERE l.c1 = r.c1)';
  END IF;
)"));
  CHECK(emitted.has("SELECT l.c1 AS c1, l.c2 AS c2, NULL::integer AS c3, "
                    "l.__weight AS __weight\n      FROM shifted l\n"
                    "      WHERE l.__shift < 0 AND NOT EXISTS"));
  CHECK(emitted.has("SELECT l.c1 AS c1, l.c2 AS c2, NULL::integer AS c3, "
                    "-l.__weight AS __weight\n      FROM shifted l\n"
                    "      WHERE l.__shift > 0 AND NOT EXISTS"));
  CHECK_FALSE(emitted.has("NULL::integer AS c2, r.c1"));
}

TEST_CASE("a right join pads the right rows without a match") {
  const auto emitted = outer(false, true);
  CHECK(emitted.has("SELECT NULL::integer AS c1, NULL::integer AS c2, r.c1 AS "
                    "c3, r.__weight AS __weight\n      FROM Δcustomers r\n"
                    "      WHERE NOT EXISTS"));
  CHECK(emitted.has("JOIN moved l ON l.c1 = r.c1\n      GROUP BY r.__id"));
  CHECK_FALSE(emitted.has("l.c2 AS c2, NULL"));
}

TEST_CASE("a full join pads both and has each pair once") {
  const auto lines = outer(true, true).lines;
  const std::string pairs = "JOIN Δcustomers r ON l.c1 = r.c1';";
  CHECK(lines.find(pairs) != std::string::npos);
  const auto rest = after(after(lines, pairs), pairs);
  CHECK(rest.find(pairs) == std::string::npos);
  CHECK(rest.find("l.c2 AS c2, NULL::integer AS c3") != std::string::npos);
  CHECK(rest.find("NULL::integer AS c2, r.c1 AS c3") != std::string::npos);
}

TEST_CASE("an outer join changes when one of its sides does") {
  CHECK(outer(true, false).counts
        == std::vector<std::string>{"#orders", "#customers"});
}
