#include "services/planning/season.hpp"

#include "test/services/planning/histories.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace pgtrickle;

namespace {

template <class Changes>
season learnt(std::size_t hours, Changes changes,
              const std::string& zone = "UTC") {
  std::mt19937 random{11};
  std::vector<hour_of_changes> list;
  for (std::size_t i = 0; i < hours; ++i) {
    std::poisson_distribution<int> count{changes(i)};
    list.push_back({std::chrono::time_point_cast<std::chrono::hours>(
                      monday + std::chrono::hours{i}),
                    static_cast<double>(count(random))});
  }
  return learn_season(
    list, week_clock{zone, monday, after(static_cast<double>(hours))});
}

} // namespace

TEST_CASE("hours that are alike have no season") {
  const auto flat = learnt(500, [](std::size_t) { return 1000.0; });
  CHECK(flat.kind == season_kind::flat);
  CHECK(flat.per_second[17] == doctest::Approx(1000.0 / 3600).epsilon(0.02));
}

TEST_CASE("a time of day that is busy each day makes a daily season") {
  const auto daily = learnt(
    24 * 6, [](std::size_t i) { return i % 24 == 10 ? 9000.0 : 300.0; });
  CHECK(daily.kind == season_kind::daily);
  CHECK(daily.per_second[3 * 24 + 10]
        == doctest::Approx(9000.0 / 3600).epsilon(0.05));
}

TEST_CASE("a time of day that stands out is told from hours that vary much") {
  std::mt19937 random{5};
  std::lognormal_distribution<double> varied{std::log(1000.0), 0.7};
  const auto varying = [&](double at_two) {
    return learnt(24 * 14, [&, at_two](std::size_t i) {
      return varied(random) + (i % 24 == 2 ? at_two : 0);
    });
  };
  const auto nightly = varying(5000);
  CHECK(nightly.kind == season_kind::daily);
  CHECK(nightly.per_second[2] == doctest::Approx(6300.0 / 3600).epsilon(0.15));
  CHECK(nightly.per_second[3] == doctest::Approx(1300.0 / 3600).epsilon(0.15));
  CHECK_MESSAGE(nightly.per_second[7] == nightly.per_second[3],
                "all others are one");
  for (int i = 0; i < 50; ++i)
    CHECK(varying(0).kind == season_kind::flat);
}

TEST_CASE("a day that is busy each week makes a weekly season") {
  const auto weekly = learnt(
    24 * 21, [](std::size_t i) { return i % 168 / 24 == 2 ? 9000.0 : 300.0; });
  CHECK(weekly.kind == season_kind::weekly);
  CHECK(weekly.per_second[2 * 24 + 5] > 10 * weekly.per_second[3 * 24 + 5]);
}

TEST_CASE("a short history has no season") {
  CHECK(
    learnt(48, [](std::size_t i) { return i % 24 == 10 ? 9000.0 : 300.0; }).kind
    == season_kind::flat);
}

TEST_CASE("hours of the week are those of the database's clock") {
  const week_clock berlin{"Europe/Berlin", monday, after(24 * 200)};
  CHECK(berlin.hour_at(monday) == 1);
  CHECK(berlin.hour_at(monday - std::chrono::hours{2}) == 167);
  // 2026-07-06 is a Monday, in summer time.
  CHECK(berlin.hour_at(std::chrono::sys_days{std::chrono::year{2026}
                                             / std::chrono::July / 6})
        == 2);
  CHECK(week_clock{"no/where", monday, monday}.hour_at(monday) == 0);
}
