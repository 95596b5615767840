#include "services/planning/cost_model.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace pgtrickle;

namespace {

/// Puts the newest refresh in front.
void add(std::vector<refresh_cost>& costs, double changes, double ms) {
  static std::int64_t id = 0;
  costs.insert(costs.begin(), {++id, changes, ms});
}

double predicted(const refresh_costs& costs, double changes) {
  return learn(costs).differential_ms(changes).value();
}

} // namespace

TEST_CASE("without a history nothing is known") {
  const auto model = learn({});
  CHECK_FALSE(model.differential_ms(1));
  CHECK_FALSE(model.full_ms(1));
  CHECK(to_text(model) == "DIFFERENTIAL not known yet, FULL not known yet");
}

TEST_CASE("a differential refresh costs a part that is fixed and one for each "
          "change") {
  std::mt19937 random{1};
  std::normal_distribution noise{0.0, 0.2};
  refresh_costs costs;
  for (int i = 0; i < 32; ++i) {
    const double changes = 100 + random() % 10'000;
    add(costs.differential, changes, 3 + 0.01 * changes + noise(random));
  }
  CHECK(predicted(costs, 200) == doctest::Approx(5).epsilon(0.1));
  CHECK(predicted(costs, 20'000) == doctest::Approx(203).epsilon(0.05));
}

TEST_CASE("one refresh that waited for something else is no lesson") {
  refresh_costs costs;
  for (int i = 0; i < 8; ++i) {
    add(costs.differential, 100 * (i + 1), 3 + i + 1);
    add(costs.full, 100, 50);
  }
  add(costs.differential, 500, 9'000);
  add(costs.full, 100, 60'000);
  CHECK(predicted(costs, 500) == doctest::Approx(8).epsilon(0.1));
  CHECK(learn(costs).full_ms(100) == 50);
}

TEST_CASE("four new refreshes outweigh any number of old ones") {
  refresh_costs costs;
  for (int i = 0; i < 100; ++i) {
    add(costs.differential, 10 + i % 7, 5);
    add(costs.full, 10, 100);
  }
  for (int i = 0; i < 4; ++i) {
    CHECK(learn(costs).full_ms(10) == 100);
    add(costs.differential, 10 + i, 80);
    add(costs.full, 10, 20);
  }
  CHECK(predicted(costs, 12) == doctest::Approx(80).epsilon(0.1));
  CHECK(learn(costs).full_ms(10) == 20);
}

TEST_CASE("a full refresh costs no less for changes fewer than any seen, until "
          "it was seen to") {
  refresh_costs costs;
  for (int i = 0; i < 5; ++i)
    add(costs.full, 10'000 + i, 100 + 7 * (i % 2));
  CHECK(learn(costs).full_ms(10) == doctest::Approx(100).epsilon(0.1));
  CHECK(learn(costs).full_ms(100'000) == doctest::Approx(100).epsilon(0.1));
  for (int i = 0; i < 5; ++i)
    add(costs.full, 50'000 + i, 300);
  CHECK(learn(costs).full_ms(10'000) == doctest::Approx(100).epsilon(0.1));
  CHECK(learn(costs).full_ms(30'000) == doctest::Approx(200).epsilon(0.1));
}

TEST_CASE("fewer changes than any seen are expected to cost less") {
  refresh_costs costs;
  for (int i = 0; i < 5; ++i)
    add(costs.differential, 1000, 100);
  CHECK(predicted(costs, 1000) == doctest::Approx(100));
  CHECK(predicted(costs, 10) < 10);
}

TEST_CASE("more changes are never expected to cost less") {
  refresh_costs costs;
  add(costs.differential, 10, 30);
  add(costs.differential, 1000, 3);
  CHECK(predicted(costs, 2000) >= predicted(costs, 1));
}

TEST_CASE("a change far beyond any seen is not predicted") {
  refresh_costs costs;
  for (int i = 0; i < 5; ++i)
    add(costs.differential, 100, 3 + i * 0.1);
  CHECK(learn(costs).differential_ms(500));
  CHECK_FALSE(learn(costs).differential_ms(50'000));
}

TEST_CASE("the model and its last error are told in words") {
  refresh_costs costs;
  add(costs.full, 10, 40);
  add(costs.differential, 1000, 4);
  add(costs.differential, 3000, 8);
  CHECK(to_text(learn(costs))
        == "DIFFERENTIAL 2 ms + 2 ms for each 1000 changes (seen up to 3000), "
           "FULL 40 ms");
  CHECK(last_prediction(costs)
        == "DIFFERENTIAL of 3000 changes: 12 ms, took 8 ms (-33 %)");
  add(costs.full, 10, 30);
  CHECK(last_prediction(costs)
        == "FULL of 10 changes: 40 ms, took 30 ms (-25 %)");
  CHECK_FALSE(last_prediction({}));
}
