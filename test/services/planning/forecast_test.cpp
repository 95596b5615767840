#include "services/planning/forecast.hpp"

#include "services/planning/maintenance.hpp"
#include "test/services/planning/histories.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const schedule every_minute = interval{60s};

/// Busy from 9 to 12 each day.
table_model learnt() {
  made_up what;
  what.rate = [](double hour) {
    return std::fmod(hour, 24) >= 9 && std::fmod(hour, 24) < 12 ? 300.0 : 10.0;
  };
  return learn_model(history_of(what, 24 * 8), every_minute, usual_rules(),
                     after(24 * 8));
}

} // namespace

TEST_CASE("a forecast has what its slots will see") {
  const auto slots = forecast(learnt(), every_minute, after(24 * 8), 24h, 1h);
  REQUIRE(slots.size() == 24);
  CHECK(slots[0].from == after(24 * 8));
  CHECK(slots[23].until == after(24 * 9));
  CHECK(slots[3].changes.expected == doctest::Approx(36000).epsilon(0.1));
  CHECK(slots[10].changes.expected == doctest::Approx(1080000).epsilon(0.1));
  CHECK(slots[3].refresh_ms.expected == doctest::Approx(400).epsilon(0.1));
  CHECK(slots[10].refresh_ms.expected == doctest::Approx(9100).epsilon(0.1));
  CHECK(slots[10].lag_ms.expected == doctest::Approx(69100).epsilon(0.05));
  for (const auto& slot : slots)
    for (const auto* one : {&slot.changes, &slot.refresh_ms, &slot.lag_ms}) {
      CHECK(one->low_95 <= one->low_50);
      CHECK(one->low_50 <= one->high_50);
      CHECK(one->high_50 <= one->high_95);
    }
}

TEST_CASE("the last slot ends with the horizon") {
  const auto slots
    = forecast(learnt(), every_minute, after(24 * 8), 100min, 1h);
  REQUIRE(slots.size() == 2);
  CHECK(slots[1].until - slots[1].from == 40min);
  CHECK(slots[1].changes.expected
        == doctest::Approx(slots[0].changes.expected * 2 / 3).epsilon(0.01));
}

TEST_CASE("of a table without refreshes nothing is foretold") {
  CHECK(forecast({}, every_minute, monday, 24h, 1h).empty());
}

TEST_CASE("refreshes are best paused when little changes") {
  const auto windows
    = maintenance_windows({learnt()}, 2h, after(24 * 8 + 8), 24h);
  REQUIRE(windows.size() > 5);
  const auto hour_of = [](const maintenance_window& window) {
    return std::chrono::duration<double, std::ratio<3600>>(window.from - monday)
             .count()
           - 24 * 8;
  };
  CHECK(hour_of(windows.front()) >= 12);
  CHECK(windows.front().changes == doctest::Approx(72000).epsilon(0.1));
  CHECK(windows.front().catch_up_ms == doctest::Approx(36100).epsilon(0.1));
  CHECK(windows.front().lag_ms
        == doctest::Approx(7.2e6 + windows.front().catch_up_ms));
  CHECK(hour_of(windows.back()) < 12);
  CHECK(windows.back().changes > 1e6);
  for (std::size_t i = 1; i < windows.size(); ++i)
    CHECK(windows[i - 1].catch_up_ms <= windows[i].catch_up_ms);
}

TEST_CASE("the windows of a database add its stream tables up") {
  const auto model = learnt();
  const auto one = maintenance_windows({model}, 1h, after(24 * 8), 6h);
  const auto two = maintenance_windows({model, model}, 1h, after(24 * 8), 6h);
  REQUIRE(one.size() == two.size());
  CHECK(two.front().catch_up_ms
        == doctest::Approx(2 * one.front().catch_up_ms));
  CHECK(maintenance_windows({model}, 7h, after(24 * 8), 6h).empty());
}
