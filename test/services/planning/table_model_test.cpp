#include "services/planning/table_model.hpp"

#include "test/services/planning/histories.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const schedule every_minute = interval{60s};

table_model learnt(const made_up& what, double hours) {
  return learn_model(history_of(what, hours), every_minute, usual_rules(),
                     after(hours));
}

} // namespace

TEST_CASE("a model tells what its history was made of") {
  made_up what;
  what.late = 2s;
  const auto model = learnt(what, 30);
  REQUIRE(model.differential);
  CHECK_FALSE(model.full);
  CHECK(model.expected_ms(600) == doctest::Approx(400).epsilon(0.05));
  CHECK(model.mean_rate() == doctest::Approx(10).epsilon(0.03));
  CHECK(model.rate_at(after(31)) == doctest::Approx(10).epsilon(0.03));
  CHECK(model.lateness_ms.quantile(0.5) == doctest::Approx(2000));
  CHECK(model.gap_ms == doctest::Approx(62000));
  CHECK(model.active == doctest::Approx(1).epsilon(0.02));
  CHECK(model.idle == 0);
  CHECK(model.samples == 1000);
  CHECK(model.stability > 0.9);
}

TEST_CASE("a model is the same after it was kept as JSON") {
  made_up what;
  what.rate = [](double hour) {
    return std::fmod(hour, 24) < 3 ? 100.0 : 5 + hour / 24;
  };
  const auto model = learnt(what, 24 * 15);
  REQUIRE(model.arrivals.kind != season_kind::flat);
  auto kept = model;
  kept.regime_began
    = std::chrono::floor<std::chrono::microseconds>(kept.regime_began);
  const auto text = nlohmann::json(kept).dump();
  CHECK(nlohmann::json::parse(text).get<table_model>() == kept);
  CHECK_THROWS_AS(
    static_cast<void>(nlohmann::json::parse("{}").get<table_model>()),
    nlohmann::json::exception);
}

TEST_CASE("an empty history makes a model that knows nothing") {
  const auto model = learn_model({}, every_minute, usual_rules(), after(1));
  CHECK(model.samples == 0);
  CHECK(model.expected_ms(1000) == 0);
  CHECK(confidence_of(model, usual_rules()) == 0);
}

TEST_CASE("confidence is exactly 0 below min_samples") {
  auto model = learnt({}, 24);
  const auto rules = usual_rules();
  for (std::size_t samples = 0; samples < rules.min_samples; ++samples) {
    model.samples = samples;
    CHECK(confidence_of(model, rules) == 0.0);
  }
  model.samples = rules.min_samples;
  CHECK(confidence_of(model, rules) > 0);
}

TEST_CASE("confidence grows with samples, span and stability") {
  const auto rules = usual_rules();
  const auto least = learnt({}, 1);
  auto more = least;
  more.samples *= 2;
  CHECK(confidence_of(more, rules) > confidence_of(least, rules));
  more = least;
  more.span *= 10;
  CHECK(confidence_of(more, rules) > confidence_of(least, rules));
  more = least;
  more.stability = 0.5 * least.stability;
  CHECK(confidence_of(more, rules)
        == doctest::Approx(0.5 * confidence_of(least, rules)));
  CHECK(confidence_of(learnt({}, 24 * 14), rules) < 1);
}

TEST_CASE("a table that only changes now and then is not taken for late") {
  made_up what;
  what.every = 10min;
  what.rate = [](double) { return 0.01; };
  const auto model = learnt(what, 48);
  CHECK(model.idle == 1);
  CHECK(model.lateness_ms.quantile(0.95) == 0);
}

TEST_CASE("what refreshes cost before a step is forgotten") {
  auto history = history_of({}, 30);
  for (auto i = history.refreshes.size() - 200; i < history.refreshes.size();
       ++i) {
    auto& one = history.refreshes[i];
    one.ended = one.started + 4 * (one.ended - one.started);
  }
  const auto model
    = learn_model(history, every_minute, usual_rules(), after(30));
  CHECK(model.expected_ms(600) == doctest::Approx(1600).epsilon(0.05));
  CHECK(model.samples == doctest::Approx(200).epsilon(0.02));
  CHECK(model.regime_began > after(24));
}

TEST_CASE("full and differential refreshes are told apart") {
  auto history = history_of({}, 10);
  for (std::size_t i = 0; i < history.refreshes.size(); i += 10) {
    auto& one = history.refreshes[i];
    one.full = true;
    one.ended = one.started + 5s;
  }
  const auto model
    = learn_model(history, every_minute, usual_rules(), after(10));
  REQUIRE(model.full);
  CHECK(model.full->expected_ms(1) == doctest::Approx(5000).epsilon(0.05));
  CHECK(model.full_share == doctest::Approx(0.1).epsilon(0.02));
  // The one that is cheaper for so many changes.
  CHECK(model.expected_ms(600) < 1000);
  CHECK(model.expected_ms(1e6) == doctest::Approx(5000).epsilon(0.05));
}

TEST_CASE("lateness is counted from the times of a cron expression") {
  table_history history;
  for (int i = 1; i <= 300; ++i) {
    const wall_time at = monday + i * 5min + 3s;
    history.refreshes.push_back({i, at, at, at + 1s, 100.0 + i % 7, false});
  }
  const schedule cron = cron_schedule::parse("*/5 * * * *").value();
  const auto model = learn_model(history, cron, usual_rules(), after(26));
  CHECK(model.lateness_ms.quantile(0.5) == doctest::Approx(3000));
  CHECK(model.gap_ms == doctest::Approx(300000));
}

TEST_CASE("how punctual refreshes were by another schedule is not known") {
  made_up what;
  what.late = 20s;
  auto history = history_of(what, 10);
  history.scheduled_since = after(10);
  const auto model
    = learn_model(history, every_minute, usual_rules(), after(10));
  CHECK(model.lateness_ms == certain(0));
}

TEST_CASE("a model that another version wrote is none") {
  const auto model
    = learn_model(history_of({}, 10), every_minute, usual_rules(), after(10));
  const nlohmann::json written = model;
  CHECK(model_in(written.dump()) == model);
  for (const auto& [key, value] : written.items()) {
    CAPTURE(key);
    auto torn = written;
    torn[key] = nlohmann::json::object({{"unknown", 1}});
    CHECK(!model_in(torn.dump()));
  }
  CHECK(!model_in("{}"));
  CHECK(!model_in("no JSON"));
}
