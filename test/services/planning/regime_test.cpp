#include "services/planning/regime.hpp"

#include "services/planning/growth.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace pgtrickle;

namespace {

class noisy {
public:
  void add(std::size_t count, double level, double slope = 0) {
    for (std::size_t i = 0; i < count; ++i)
      values.push_back(level + slope * static_cast<double>(i)
                       + 0.1 * normal_(random_));
  }
  std::vector<double> values;

private:
  std::mt19937 random_{5};
  std::normal_distribution<double> normal_;
};

} // namespace

TEST_CASE("what goes on as ever is one regime") {
  noisy series;
  series.add(500, 1);
  CHECK(present_regime(series.values, 12) == 0);
  CHECK(present_regime({}, 12) == 0);
}

TEST_CASE("a step begins a regime, and what was before is forgotten") {
  noisy series;
  series.add(300, 0);
  series.add(100, 1);
  CHECK(present_regime(series.values, 12)
        == doctest::Approx(300).epsilon(0.02));
}

TEST_CASE("a regime that takes turns with another is not forgotten") {
  noisy series;
  series.add(200, 0);
  series.add(100, 1);
  series.add(200, 0);
  CHECK(present_regime(series.values, 12) == 0);
}

TEST_CASE("a few values that are far off begin no regime") {
  noisy series;
  series.add(300, 0);
  series.add(5, 8);
  CHECK(present_regime(series.values, 12) == 0);
}

TEST_CASE("growth is told from noise") {
  noisy level;
  level.add(200, 1);
  CHECK(growth_of(level.values).each == 0);
  noisy rising;
  rising.add(200, 1, 0.01);
  const auto found = growth_of(rising.values);
  CHECK(found.each == doctest::Approx(0.01).epsilon(0.1));
  CHECK(found.last == doctest::Approx(3).epsilon(0.05));
}
