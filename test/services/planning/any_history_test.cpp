// Whatever a history holds, what is told of it are numbers within bounds.

#include "services/planning/backtest.hpp"
#include "services/planning/forecast.hpp"
#include "services/planning/landing.hpp"
#include "services/planning/maintenance.hpp"
#include "services/planning/recommendation.hpp"
#include "test/services/planning/histories.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <random>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

/// Refreshes at any distance, of any size, of either mode, with hours left out.
table_history any_history(std::mt19937& random) {
  const auto roll = [&](int most) {
    return std::uniform_int_distribution{0, most}(random);
  };
  const auto most_ms = 1 << roll(24);
  const auto most_changes = 1 << roll(24);
  const auto fulls = roll(2);
  table_history history;
  wall_time at = monday;
  for (int id = 1, count = roll(300); id <= count; ++id) {
    at += std::chrono::milliseconds{roll(most_ms)};
    const auto ended = at + std::chrono::milliseconds{roll(most_ms)};
    const auto changes
      = static_cast<double>(roll(3) == 0 ? 0 : roll(most_changes));
    history.refreshes.push_back(
      {id, at, at, ended, changes, fulls == 2 || (fulls == 1 && roll(1) == 0)});
    const auto hour = std::chrono::floor<std::chrono::hours>(at);
    if (roll(3) > 0
        && (history.hours.empty() || history.hours.back().hour < hour))
      history.hours.push_back({hour, 7 * changes, 7, 1000, 0});
    at = ended;
  }
  return history;
}

std::vector<schedule> schedules() {
  return {interval{0ms}, interval{1s}, interval{1h}, calculated{},
          cron_schedule::parse("*/5 9-17 * * 1-5").value()};
}

bool in_order(const band& one) {
  return std::isfinite(one.expected) && 0 <= one.low_95
         && one.low_95 <= one.low_50 && one.low_50 <= one.high_50
         && one.high_50 <= one.high_95 && std::isfinite(one.high_95);
}

void check_advice(const recommendation& advice, const planner_rules& rules) {
  CHECK(advice.confidence >= 0);
  CHECK(advice.confidence < 1);
  CHECK(std::isfinite(advice.recommended_interval_seconds));
  if (advice.bound != interval_bound::none) {
    CHECK(1000 * advice.recommended_interval_seconds
          >= static_cast<double>(rules.shortest_interval.count()) - 1e-6);
    CHECK(advice.kept >= 0);
    CHECK(advice.kept <= 1 + 1e-9);
    CHECK(std::isfinite(advice.expected_load));
  } else {
    CHECK(advice.confidence == 0.0);
  }
  CHECK_FALSE(advice.reasoning.empty());
}

} // namespace

TEST_CASE("any history makes a model of numbers, and advice within bounds") {
  std::mt19937 random{23};
  const auto rules = usual_rules();
  for (int turn = 0; turn < 200; ++turn) {
    CAPTURE(turn);
    const auto history = any_history(random);
    const auto now = history.refreshes.empty()
                       ? wall_time{monday}
                       : history.refreshes.back().ended + 1s;
    const auto when = schedules()[static_cast<std::size_t>(turn) % 5];
    const auto model = learn_model(history, when, rules, now);
    CHECK(nlohmann::json::parse(nlohmann::json(model).dump())
            .get<table_model>()
            .samples
          == model.samples);
    check_advice(recommend(model, when, std::nullopt, rules, now), rules);
    check_advice(recommend(model, when, 90s, rules, now), rules);
    for (const auto& slot : forecast(model, when, now, 6h, 1h)) {
      CHECK(in_order(slot.changes));
      CHECK(in_order(slot.refresh_ms));
      CHECK(in_order(slot.lag_ms));
    }
    for (const auto& window : maintenance_windows({model}, 1h, now, 6h))
      CHECK(std::isfinite(window.lag_ms));
    const auto next = predict_landing(
      model, {now, 60s, std::nullopt, -3s, 90s, turn % 2 == 0});
    CHECK(std::isfinite(next.predicted_ms));
    CHECK(next.probability >= 0);
    CHECK(next.probability <= 1 + 1e-9);
  }
}

TEST_CASE("any history can be tested backwards") {
  std::mt19937 random{29};
  for (int turn = 0; turn < 20; ++turn) {
    const auto report
      = backtest(any_history(random), interval{60s}, 90s, usual_rules());
    CHECK(report.hits <= report.warnings);
    CHECK(report.hits <= report.breaches);
    CHECK(std::isfinite(report.duration_error));
    CHECK(std::isfinite(report.changes_error));
  }
}
