#include "services/planning/spread.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace pgtrickle;

namespace {

std::vector<weighed> numbers_to(int n) {
  std::vector<weighed> values;
  for (int i = 1; i <= n; ++i)
    values.push_back({static_cast<double>(i)});
  std::shuffle(values.begin(), values.end(), std::mt19937{1});
  return values;
}

} // namespace

TEST_CASE("a spread tells mean, quantiles and what lies above") {
  const auto numbers = spread_of(numbers_to(1000));
  CHECK(numbers.mean() == doctest::Approx(500).epsilon(0.01));
  CHECK(numbers.quantile(0.5) == doctest::Approx(500).epsilon(0.01));
  CHECK(numbers.quantile(0.975) == doctest::Approx(975).epsilon(0.01));
  CHECK(numbers.above(900) == doctest::Approx(0.1).epsilon(0.02));
  CHECK(numbers.above(0) == 1);
  CHECK(numbers.above(1001) == 0);
}

TEST_CASE("a value counts by its weight") {
  CHECK(spread_of({{1, 1}, {5, 99}}).quantile(0.5) == 5);
  std::vector<weighed> values{{3, 1}, {1, 1}, {2, 10}};
  CHECK(weighted_quantile(values, 0.5) == 2);
}

TEST_CASE("what is certain has no spread") {
  const auto one = certain(7);
  CHECK(one.mean() == doctest::Approx(7));
  CHECK(one.quantile(0.01) == 7);
  CHECK(one.above(6.9) == 1);
  CHECK(one.above(7) == 0);
}

TEST_CASE("nothing spreads around 0") { CHECK(spread_of({}) == certain(0)); }

TEST_CASE("median and deviation are not moved by what is far off") {
  std::vector<double> values{1, 2, 3, 4, 1e9};
  CHECK(median(values) == 3);
  CHECK(scaled_mad(values, 3) == doctest::Approx(1.4826));
  std::vector<double> even{1, 2, 3, 10};
  CHECK(median(even) == 2.5);
}
