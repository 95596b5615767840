#include "services/planning/recommendation.hpp"

#include "test/services/planning/histories.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const schedule every_minute = interval{60s};

table_model learnt(const made_up& what, double hours) {
  return learn_model(history_of(what, hours), every_minute, usual_rules(),
                     after(hours));
}

recommendation advice_for(const table_model& model,
                          std::optional<std::chrono::milliseconds> target,
                          const planner_rules& rules = usual_rules()) {
  return recommend(model, every_minute, target, rules, after(30));
}

made_up with_peak(bool (*is_peak)(double hour)) {
  made_up what;
  what.rate = [=](double hour) { return is_peak(hour) ? 300.0 : 10.0; };
  return what;
}

} // namespace

TEST_CASE("with too few samples the current interval is kept, without trust") {
  const auto advice = advice_for(learnt({}, 0.25), 90s);
  CHECK(advice.samples == 14);
  CHECK(advice.confidence == 0.0);
  CHECK(advice.recommended_interval_seconds == 60);
  CHECK(advice.delta_pct == 0);
  CHECK(advice.bound == interval_bound::none);
  CHECK(advice.reasoning.starts_with("14 of the 20 refreshes"));
}

TEST_CASE("the longest interval that keeps the target is recommended") {
  // 0.1 s, and 0.5 s for each 1000 changes, of which 10 come each second.
  const auto advice = advice_for(learnt({}, 30), 90s);
  CHECK(advice.bound == interval_bound::target);
  CHECK(advice.recommended_interval_seconds
        == doctest::Approx(89).epsilon(0.02));
  CHECK(advice.delta_pct == doctest::Approx(48).epsilon(0.05));
  CHECK(advice.kept >= 0.99);
  CHECK(advice.worst_staleness_seconds <= 90);
  CHECK(advice.expected_staleness_seconds
        <= advice.worst_staleness_seconds + 0.01);
  CHECK(advice.expected_load < advice.current_load);
  CHECK(advice.confidence > 0.5);
}

TEST_CASE("lateness of the workers leaves less time between refreshes") {
  made_up late;
  late.late = 20s;
  CHECK(advice_for(learnt(late, 30), 90s).recommended_interval_seconds
        == doctest::Approx(69).epsilon(0.03));
}

TEST_CASE("without a target the knee of load against staleness is taken") {
  const auto advice = advice_for(learnt({}, 30), std::nullopt);
  CHECK(advice.bound == interval_bound::knee);
  // a / sqrt(br (1 + br)) with a = 0.1 s and br = 0.005.
  CHECK(advice.recommended_interval_seconds
        == doctest::Approx(1.4).epsilon(0.1));
  CHECK(advice.kept == 1);
}

TEST_CASE("the minimum and the workers bound the interval from below") {
  auto rules = usual_rules();
  rules.shortest_interval = 10s;
  const auto least = advice_for(learnt({}, 30), 5s, rules);
  CHECK(least.bound == interval_bound::minimum);
  CHECK(least.recommended_interval_seconds == 10);
  CHECK(least.reasoning.find("no interval keeps the target of 5s")
        != std::string::npos);

  rules = usual_rules();
  rules.spare = 0.01;
  const auto carried = advice_for(learnt({}, 30), 10s, rules);
  CHECK(carried.bound == interval_bound::workers);
  CHECK(carried.expected_load == doctest::Approx(0.01).epsilon(0.05));
}

TEST_CASE("a daily peak is told as hours of each day") {
  const auto advice = advice_for(learnt(with_peak([](double hour) {
                                          return std::fmod(hour, 24) >= 9
                                                 && std::fmod(hour, 24) < 12;
                                        }),
                                        24 * 8),
                                 90s);
  CHECK(advice.peak_window_cron == "* 9-11 * * *");
  CHECK(advice.reasoning.find("* 9-11 * * *") != std::string::npos);
}

TEST_CASE("a peak on working days is told with its days") {
  const auto advice = advice_for(learnt(with_peak([](double hour) {
                                          return std::fmod(hour, 168) < 120
                                                 && std::fmod(hour, 24) >= 22;
                                        }),
                                        24 * 21),
                                 90s);
  CHECK(advice.peak_window_cron == "* 22-23 * * 1-5");
}

TEST_CASE("without a peak the reasoning says so") {
  const auto advice = advice_for(learnt({}, 24 * 8), 90s);
  CHECK_FALSE(advice.peak_window_cron);
  CHECK(advice.reasoning.find("there is no peak") != std::string::npos);
  CHECK(advice_for(learnt({}, 30), 90s).reasoning.find("less than 3 days")
        != std::string::npos);
}

TEST_CASE("any peak window is a cron expression") {
  season arrivals;
  arrivals.kind = season_kind::weekly;
  for (std::size_t seed = 1; seed < 200; ++seed) {
    for (std::size_t i = 0; i < hours_of_week; ++i)
      arrivals.per_second[i] = 1 + (i * i * seed + 7 * i) % 101 / 3;
    if (const auto cron = peak_window(arrivals))
      CHECK_MESSAGE(cron_schedule::parse(*cron), *cron);
  }
}

TEST_CASE("a cron expression comes to an interval") {
  const schedule quarters = cron_schedule::parse("*/15 * * * *").value();
  CHECK(mean_interval(quarters, {}, monday) == 15min);
  table_model model;
  model.gap_ms = 7000;
  CHECK(mean_interval(calculated{}, model, monday) == 7s);
}
