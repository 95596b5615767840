#include "services/engine/refresh_action.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::engine;

namespace {

/// Many changes in a populated stream table with refresh mode AUTO.
refresh_situation after_many_changes() {
  refresh_situation now;
  now.refresh_mode = "AUTO";
  now.changes = 2000;
  now.source_rows = 10'000;
  return now;
}

refresh_situation after_few_changes() {
  auto now = after_many_changes();
  now.changes = 10;
  return now;
}

} // namespace

TEST_CASE("a stream table follows its changes unless something forbids it") {
  const auto action = choose_action(after_few_changes());
  CHECK(action.name == "DIFFERENTIAL");
  CHECK(action.mode == "DIFFERENTIAL");
  CHECK(action.reason.empty());
}

TEST_CASE("a stream table that is not populated is filled first of all") {
  auto now = after_few_changes();
  now.populated = false;
  now.needs_reinit = true;
  now.truncated = true;
  const auto action = choose_action(now);
  CHECK(action.name == "FULL");
  CHECK(action.mode == "FILL");
  CHECK(action.reason == "first fill");
}

TEST_CASE("a stream table that waits for a new start gets one, with its "
          "reason") {
  auto now = after_few_changes();
  now.needs_reinit = true;
  now.reinit_reason = "function rate() was replaced";
  now.full_reason = "refresh mode FULL";
  const auto action = choose_action(now);
  CHECK(action.name == "REINITIALIZE");
  CHECK(action.mode == "FULL");
  CHECK(action.reason == "function rate() was replaced");
}

TEST_CASE("a query that is always recomputed is, with its reason") {
  auto now = after_few_changes();
  now.full_reason = "function random() is volatile";
  const auto action = choose_action(now);
  CHECK(action.name == "FULL");
  CHECK(action.mode == "FULL");
  CHECK(action.reason == "function random() is volatile");
}

TEST_CASE("a truncated source is read again, whatever the refresh mode") {
  auto now = after_few_changes();
  now.refresh_mode = "DIFFERENTIAL";
  now.truncated = true;
  const auto action = choose_action(now);
  CHECK(action.name == "FULL");
  CHECK(action.mode == "FULL");
  CHECK(action.reason == "a source was truncated");
}

TEST_CASE("a full refresh that AUTO chose says by what") {
  const auto now = after_many_changes();
  CHECK(action_for(now, {.full = true}).reason
        == "2000 changes are many for 10000 source rows");
  const auto weighed
    = action_for(now, {.full = true, .differential_ms = 41.4, .full_ms = 12.0});
  CHECK(weighed.name == "FULL");
  CHECK(weighed.mode == "FULL");
  CHECK(weighed.reason == "expected: FULL 12 ms, DIFFERENTIAL 41.4 ms");
}

TEST_CASE("a differential refresh that AUTO chose needs no reason, a trial "
          "does") {
  const auto now = after_many_changes();
  CHECK(action_for(now, {}).name == "DIFFERENTIAL");
  CHECK(action_for(now, {}).reason.empty());
  CHECK(action_for(now, {.trial = true, .full_ms = 3.0}).reason
        == "to measure it again; expected: FULL 3 ms, DIFFERENTIAL an unknown "
           "time");
}

TEST_CASE("many changes of a large source are read where they lie") {
  CHECK(intake_of(20'000, 1'000'000, false) == intake::in_place);
}

TEST_CASE("they are staged as they are if other sources have changed too") {
  CHECK(intake_of(20'000, 1'000'000, true) == intake::copied);
  CHECK(intake_of(300'000, 10'000'000, true) == intake::in_place);
}

TEST_CASE("few changes are consolidated, and so are many of a small source") {
  CHECK(intake_of(10'000, 1'000'000, false) == intake::consolidated);
  CHECK(intake_of(20'000, 100'000, true) == intake::consolidated);
}
