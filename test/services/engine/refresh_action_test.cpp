#include "services/engine/refresh_action.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::engine;

namespace {

/// Many changes in a populated stream table with refresh mode AUTO.
refresh_situation after_many_changes() {
  refresh_situation now;
  now.refresh_mode = "AUTO";
  now.changes = 2000;
  now.source_rows = 10'000;
  now.most_changes = 0.15;
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

TEST_CASE("AUTO recomputes when more than the permitted share has changed") {
  const auto action = choose_action(after_many_changes());
  CHECK(action.name == "FULL");
  CHECK(action.mode == "FULL");
  CHECK(action.reason
        == "2000 changes are more than 15 % of 10000 source rows");
}

TEST_CASE("exactly the permitted share is still differential") {
  auto now = after_many_changes();
  now.most_changes = 0.2;
  CHECK(choose_action(now).name == "DIFFERENTIAL");
}

TEST_CASE("up to a thousand changes are differential on a source of any size") {
  auto now = after_many_changes();
  now.source_rows = 10;
  now.changes = 1000;
  CHECK(choose_action(now).name == "DIFFERENTIAL");
  now.changes = 1001;
  CHECK(choose_action(now).name == "FULL");
}

TEST_CASE("a permitted share of 0 means that AUTO never recomputes") {
  auto now = after_many_changes();
  now.most_changes = 0;
  CHECK(choose_action(now).name == "DIFFERENTIAL");
}

TEST_CASE("DIFFERENTIAL does not look at the number of changes") {
  auto now = after_many_changes();
  now.refresh_mode = "DIFFERENTIAL";
  CHECK(choose_action(now).name == "DIFFERENTIAL");
}

TEST_CASE("many changes of a large source are read where they lie") {
  CHECK(reads_directly(2000, 1'000'000));
}

TEST_CASE("few changes are consolidated, and so are many of a small source") {
  CHECK_FALSE(reads_directly(1000, 1'000'000));
  CHECK_FALSE(reads_directly(2000, 10'000));
}
