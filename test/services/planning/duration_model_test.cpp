#include "services/planning/duration_model.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace pgtrickle;

namespace {

/// 50 ms and 0.2 ms for each of up to `most` changes, with 10 % noise, but for
/// one in ten, which takes five times as long.
std::vector<measured_duration> measured(std::size_t count, double most) {
  std::mt19937 random{7};
  std::uniform_real_distribution<double> changes{0, most};
  std::normal_distribution<double> noise{1, 0.1};
  std::vector<measured_duration> result;
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = changes(random);
    result.push_back(
      {n, (50 + 0.2 * n) * noise(random) * (i % 10 == 9 ? 5 : 1)});
  }
  return result;
}

} // namespace

TEST_CASE("a line of cost is found among durations that are far off") {
  const auto model = learn_durations(measured(400, 10000), false);
  CHECK(model.fixed_ms == doctest::Approx(50).epsilon(0.5));
  CHECK(model.ms_per_change == doctest::Approx(0.2).epsilon(0.1));
  CHECK(model.line_ms(20000) == doctest::Approx(4050).epsilon(0.1));
  CHECK(model.most_changes > 9000);
}

TEST_CASE("what is far off is part of the spread") {
  const auto model = learn_durations(measured(400, 10000), false);
  CHECK(model.ratio(5000).quantile(0.5) == doctest::Approx(1).epsilon(0.05));
  CHECK(model.ratio(5000).quantile(0.97) > 3);
}

TEST_CASE("changes that are all alike cost by their number") {
  const std::vector<measured_duration> alike(30, {1000, 200});
  CHECK(learn_durations(alike, false).line_ms(2000)
        == doctest::Approx(400).epsilon(0.01));
  CHECK(learn_durations(alike, true).line_ms(2000)
        == doctest::Approx(200).epsilon(0.01));
}

TEST_CASE("the level of the cost is that of the newest refreshes") {
  auto grown = measured(400, 10000);
  for (std::size_t i = 360; i < grown.size(); ++i)
    grown[i].ms *= 3;
  CHECK(learn_durations(grown, false).line_ms(5000)
        == doctest::Approx(3 * 1050).epsilon(0.1));
}

TEST_CASE("what is expected follows the newest refreshes, but not their "
          "noise") {
  auto all = measured(400, 10000);
  const auto before = learn_durations(all, false).expected_ms(5000);
  const auto expected_if_newest_take = [&](double times) {
    for (auto& one : std::span{all}.last(40))
      one.ms *= times;
    return learn_durations(all, false).expected_ms(5000) / before;
  };
  SUBCASE("a fifth more") {
    CHECK(expected_if_newest_take(1.2) == doctest::Approx(1.2).epsilon(0.05));
  }
  SUBCASE("next to nothing more") {
    CHECK(expected_if_newest_take(1.02) == doctest::Approx(1).epsilon(0.01));
  }
}

TEST_CASE("long refreshes vary by a ratio of their own") {
  std::mt19937 random{3};
  std::normal_distribution<double> noise;
  std::vector<measured_duration> both;
  for (int i = 0; i < 400; ++i) {
    const bool is_long = i % 4 == 0;
    const auto n = is_long ? 100000.0 : 10.0;
    both.push_back(
      {n, (100 + n) * (1 + (is_long ? 0.02 : 0.3) * noise(random))});
  }
  const auto model = learn_durations(both, false);
  CHECK(model.ratio(100000).quantile(0.95) < 1.1);
  CHECK(model.ratio(10).quantile(0.95) > 1.3);
}
