#include "services/planning/mode_choice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace pgtrickle;

namespace {

/// Few changes in a table that was refreshed both ways.
mode_question few() {
  return {.changes = 10,
          .source_rows = 0,
          .trials = 0.01,
          .last_differential_ms = 3,
          .last_full_ms = 100};
}

mode_question many() {
  auto question = few();
  question.changes = 50'000;
  question.source_rows = 100'000;
  return question;
}

/// A table whose refreshes cost what is said here.
class table {
public:
  double full_ms = 100;
  double fixed_ms = 3;
  double ms_per_change = 0.001;

  /// Refreshes `changes` and says how.
  bool is_full(double changes, double trials = 0.01, double rows = 1e9) {
    question_.changes = changes;
    question_.source_rows = rows;
    question_.trials = trials;
    question_.chance = std::uniform_real_distribution{0.0, 1.0}(random_);
    const auto choice
      = is_obvious(question_) ? mode_choice{} : choose_mode(question_, costs_);
    record(choice.full, changes);
    return choice.full;
  }

  void record(bool full, double changes) {
    const auto ms = full ? full_ms : fixed_ms + ms_per_change * changes;
    auto& costs = full ? costs_.full : costs_.differential;
    costs.insert(costs.begin(), {++id_, changes, ms});
    costs_.full.resize(std::min(costs_.full.size(), remembered_full));
    costs_.differential.resize(
      std::min(costs_.differential.size(), remembered_differential));
    (full ? question_.last_full_ms : question_.last_differential_ms) = ms;
    question_.spent_ms
      = question_.last_was_full == full ? question_.spent_ms + ms : ms;
    question_.last_was_full = full;
    total_ms += ms;
  }

  double total_ms = 0;

private:
  std::int64_t id_ = 0;
  std::minstd_rand random_;
  mode_question question_;
  refresh_costs costs_;
};

} // namespace

TEST_CASE("few changes are refreshed differentially without a look at the "
          "history") {
  CHECK(is_obvious(few()));
  auto question = few();
  question.last_differential_ms = std::nullopt;
  CHECK(is_obvious(question));
}

TEST_CASE(
  "few changes need a look when recomputing was faster, when a trial is "
  "due, and when they are many") {
  auto slower = few();
  slower.last_differential_ms = 200;
  CHECK_FALSE(is_obvious(slower));
  auto due = few();
  due.spent_ms = 20'000;
  CHECK_FALSE(is_obvious(due));
  CHECK_FALSE(is_obvious(many()));
}

TEST_CASE("until both ways are measured the share of changed rows decides") {
  CHECK(choose_mode(many(), {}).full);
  auto question = many();
  question.source_rows = 1e6;
  CHECK_FALSE(choose_mode(question, {}).full);
  question = many();
  question.changes = few_changes;
  question.source_rows = 10;
  CHECK_FALSE(choose_mode(question, {}).full);
}

TEST_CASE("a share of 0 means that AUTO never recomputes") {
  auto question = many();
  question.most_changes = 0;
  question.last_differential_ms = 1e6;
  CHECK(is_obvious(question));
}

TEST_CASE("the faster way is taken for each size of change") {
  table t;
  t.record(true, 1000);
  for (int i = 0; i < 10; ++i)
    t.record(false, 1000 * (i + 1));
  t.ms_per_change = 0.01;
  for (int i = 0; i < 10; ++i)
    t.record(false, 1000 * (i + 1));
  CHECK_FALSE(t.is_full(5000));
  CHECK(t.is_full(50'000));
  CHECK_FALSE(t.is_full(5000));
}

TEST_CASE("what is recomputed faster even after few changes is recomputed") {
  table t;
  t.fixed_ms = 500;
  t.record(true, 0);
  CHECK_FALSE(t.is_full(3));
  int differential = 0;
  for (int i = 0; i < 100; ++i)
    differential += t.is_full(3) ? 0 : 1;
  CHECK(differential == 0);
}

TEST_CASE("one slow full refresh does not pin the choice for ever") {
  table t;
  t.fixed_ms = 50;
  t.full_ms = 5000;
  t.record(true, 0);
  t.full_ms = 10;
  int full = 0;
  for (int i = 0; i < 20'000; ++i)
    full += t.is_full(3) ? 1 : 0;
  CHECK(full > 5000);
}

TEST_CASE("one slow differential refresh does not pin the choice for ever") {
  table t;
  t.full_ms = 20;
  t.record(true, 0);
  t.fixed_ms = 900;
  t.record(false, 3);
  t.record(false, 3);
  t.fixed_ms = 3;
  int full = 0;
  for (int i = 0; i < 20'000; ++i)
    full += t.is_full(3) ? 1 : 0;
  CHECK(full < 10'000);
  CHECK_FALSE(t.is_full(3));
}

TEST_CASE("bulk loads between small changes are tried differentially too") {
  table t;
  t.record(true, 0);
  t.ms_per_change = 1e-4;
  bool differential = false;
  for (int i = 0; i < 500 && !differential; ++i) {
    for (int k = 0; k < 20; ++k)
      CHECK_FALSE(t.is_full(10));
    differential = !t.is_full(200'000, 0.01, 1e6);
  }
  CHECK(differential);
  CHECK_FALSE(t.is_full(200'000, 0.01, 1e6));
}

TEST_CASE("at a size of change that is new each way is measured once") {
  table t;
  t.full_ms = 300;
  t.record(true, 0);
  for (int i = 0; i < 5; ++i)
    CHECK_FALSE(t.is_full(100, 0.01, 100'000));
  SUBCASE("where the share of changed rows is large") {
    CHECK(t.is_full(20'000, 0.01, 100'000));
  }
  SUBCASE("where the other way is expected to be faster, and not by much") {
    t.ms_per_change = 0.05;
    CHECK_FALSE(t.is_full(700, 0.01, 100'000));
    CHECK_FALSE(t.is_full(1500, 0.01, 100'000));
    CHECK(t.is_full(10'000, 0.01, 100'000));
    t.ms_per_change = 0.01;
  }
  CHECK_FALSE(t.is_full(20'000, 0.01, 100'000));
  CHECK_FALSE(t.is_full(20'000, 0.01, 100'000));
}

TEST_CASE("more changes than there are rows are no reason for a trial") {
  table t;
  t.record(true, 0);
  for (int i = 0; i < 5; ++i)
    CHECK(t.is_full(20'000, 0.01, 10'000));
}

TEST_CASE("what was measured long ago is not measured again and again") {
  table t;
  t.full_ms = 100;
  t.record(true, 0);
  t.ms_per_change = 0.0075;
  int differential = 0;
  for (int i = 0; i < 50; ++i) {
    for (int k = 0; k < 40; ++k)
      CHECK_FALSE(t.is_full(10, 0.01, 100'000));
    differential += t.is_full(20'000, 0.01, 100'000) ? 0 : 1;
  }
  CHECK(differential < 3);
}

TEST_CASE("trials take no more than their share of the time") {
  table t;
  t.full_ms = 1000;
  t.record(true, 0);
  t.total_ms = 0;
  int full = 0;
  for (int i = 0; i < 200'000; ++i)
    full += t.is_full(3) ? 1 : 0;
  CHECK(full > 0);
  CHECK(full * t.full_ms < 0.025 * t.total_ms);
}

TEST_CASE("without a share for trials there are none") {
  table t;
  t.record(true, 0);
  for (int i = 0; i < 50'000; ++i)
    REQUIRE_FALSE(t.is_full(3, 0));
}

TEST_CASE("a table whose costs drift is refreshed the other way soon") {
  table t;
  t.fixed_ms = 10;
  t.full_ms = 40;
  t.record(true, 0);
  for (int i = 0; i < 50; ++i)
    CHECK_FALSE(t.is_full(3));
  t.fixed_ms = 80;
  for (int i = 0; i < 8; ++i)
    (void)t.is_full(3);
  CHECK(t.is_full(3));
}
