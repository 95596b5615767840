#include "services/planning/backtest.hpp"

#include "test/services/planning/histories.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const schedule every_minute = interval{60s};

/// 40 s instead of 0.4 s for 10 minutes of each hour.
made_up with_spikes() {
  made_up what;
  what.rate = [](double hour) {
    return hour - std::floor(hour) < 0.17 ? 1330.0 : 10.0;
  };
  return what;
}

} // namespace

TEST_CASE("forecasts of what goes as ever were right") {
  const auto report
    = backtest(history_of({}, 15), every_minute, 90s, usual_rules());
  CHECK(report.forecasts > 800);
  CHECK(report.duration_error < 0.05);
  CHECK(report.changes_error < 0.2);
  CHECK(report.duration_in_95 > 0.9);
  CHECK(report.breaches == 0);
  CHECK(report.warnings == 0);
  CHECK_FALSE(report.precision);
  CHECK_FALSE(report.recall);
  CHECK(report.brier == doctest::Approx(0));
}

TEST_CASE("warnings that came true are counted") {
  const auto report
    = backtest(history_of(with_spikes(), 15), every_minute, 80s, usual_rules());
  CHECK(report.breaches > 100);
  REQUIRE(report.precision);
  REQUIRE(report.recall);
  CHECK(*report.precision > 0.95);
  CHECK(*report.recall > 0.95);
  CHECK(*report.brier < 0.05);
}

TEST_CASE("without a target nothing is said of warnings") {
  const auto report
    = backtest(history_of({}, 5), every_minute, std::nullopt, usual_rules());
  CHECK(report.forecasts > 200);
  CHECK_FALSE(report.precision);
  CHECK_FALSE(report.brier);
}

TEST_CASE("too short a history has no forecasts to judge") {
  CHECK(backtest({}, every_minute, 90s, usual_rules()).forecasts == 0);
  CHECK(
    backtest(history_of({}, 0.3), every_minute, 90s, usual_rules()).forecasts
    == 0);
}
