#include "services/planning/landing.hpp"

#include "test/services/planning/histories.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const schedule every_minute = interval{60s};

table_model learnt(const made_up& what = {}) {
  return learn_model(history_of(what, 30), every_minute, usual_rules(),
                     after(30));
}

/// Right after a refresh that took no time: 600 changes and 0.4 s of work are
/// to be expected a minute later.
waiting just_refreshed() { return {after(30), 0ms, 0.0, 60s, 70s, false}; }

} // namespace

TEST_CASE("a refresh that goes as ever lands in time") {
  const auto next = predict_landing(learnt(), just_refreshed());
  CHECK(next.predicted_ms == doctest::Approx(60400).epsilon(0.01));
  CHECK(next.probability == 0);
  CHECK_FALSE(next.breach);
  CHECK(next.suggested_action.empty());
}

TEST_CASE("more pending changes than there is time for are a spike") {
  auto at = just_refreshed();
  at.age = 30s;
  at.starts_in = 30s;
  // 24 s are left, and would be enough for 48,000.
  at.pending_changes = 30000;
  CHECK_FALSE(predict_landing(learnt(), at).breach);
  at.pending_changes = 70000;
  const auto next = predict_landing(learnt(), at);
  CHECK(next.breach);
  CHECK(next.probability > 0.99);
  CHECK(next.predicted_ms == doctest::Approx(95000).epsilon(0.05));
  CHECK(next.cause == breach_cause::arrival_spike);
  CHECK_FALSE(next.suggested_action.empty());
}

TEST_CASE("without a count the usual changes are taken to be pending") {
  auto at = just_refreshed();
  at.age = 59s;
  at.starts_in = 1s;
  at.pending_changes.reset();
  CHECK(predict_landing(learnt(), at).predicted_ms
        == doctest::Approx(60400).epsilon(0.01));
}

TEST_CASE("refreshes that have come to take too long are cost growth") {
  made_up slow;
  slow.ms = [](double n) { return 20000 + 10 * n; };
  auto at = just_refreshed();
  const auto next = predict_landing(learnt(slow), at);
  CHECK(next.breach);
  CHECK(next.cause == breach_cause::cost_growth);
}

TEST_CASE("a wait that has lasted long is expected to last on") {
  auto at = just_refreshed();
  at.pending_changes = 700;
  at.age = 65s;
  at.starts_in = -5s;
  CHECK_FALSE(predict_landing(learnt(), at).breach);
  at.age = 82s;
  at.starts_in = -22s;
  const auto next = predict_landing(learnt(), at);
  CHECK(next.breach);
  CHECK(next.cause == breach_cause::queueing);
}

TEST_CASE("what is blocked is told as blocked") {
  auto at = just_refreshed();
  at.age = 83s;
  at.starts_in = -23s;
  at.blocked = true;
  const auto next = predict_landing(learnt(), at);
  CHECK(next.breach);
  CHECK(next.cause == breach_cause::blocked);
  CHECK(next.suggested_action.find("1m23s") != std::string::npos);
}

TEST_CASE("a doubtful warning waits until the refresh is about to start") {
  made_up noisy;
  noisy.noise = 0.5;
  auto at = just_refreshed();
  at.pending_changes = 60000;
  at.age = 30s;
  at.starts_in = 30s;
  const auto early = predict_landing(learnt(noisy), at);
  CHECK(early.probability > 0.5);
  CHECK(early.probability < 0.9);
  CHECK_FALSE(early.breach);
  at.age = 59s;
  at.starts_in = 1s;
  const auto late = predict_landing(learnt(noisy), at);
  CHECK(late.probability < 0.9);
  CHECK(late.breach);
}

TEST_CASE("without a target nothing is a breach") {
  auto at = just_refreshed();
  at.target = 0ms;
  CHECK_FALSE(predict_landing(learnt(), at).breach);
}

TEST_CASE("of a table without refreshes only the wait is known") {
  auto at = just_refreshed();
  const auto next = predict_landing({}, at);
  CHECK(next.predicted_ms == 60000);
  CHECK_FALSE(next.breach);
}
