#include "test/engine/property/history_runner.hpp"
#include "test/engine/property/interruption.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

using namespace pgtrickle;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const auto* text = std::getenv(name);
  return text == nullptr ? fallback : std::stoull(text);
}

/// What ctest may spend; by PGTRICKLE_HISTORIES the number alone decides.
constexpr auto budget = std::chrono::seconds{60};

/// In so many histories each operator is to be found.
constexpr std::uint64_t enough = 2500;

struct tally {
  std::uint64_t run = 0;
  std::uint64_t invalid = 0;
  std::uint64_t cut_short = 0;
  std::uint64_t wrong = 0;

  void add(const test::verdict& verdict) {
    using kind = test::verdict::kind;
    ++run;
    invalid += verdict.is == kind::invalid ? 1 : 0;
    cut_short += verdict.is == kind::right && !verdict.what.empty() ? 1 : 0;
    wrong += verdict.is == kind::wrong ? 1 : 0;
  }
};

/// What test/engine/property/run adds up.
void report(const tally& sum) {
  std::cout << fmt::format(
    "so far: {} histories, {} wrong, {} with invalid queries, {} until an "
    "error of their query\n",
    sum.run, sum.wrong, sum.invalid, sum.cut_short)
            << std::flush;
}

void report(const test::history_runner& runner) {
  for (const auto& [name, tables] : runner.covered().operators())
    std::cout << fmt::format("operator: {}: {}\n", name, tables);
  for (const auto& [reason, tables] : runner.recomputed())
    std::cout << fmt::format("recomputed: {}: {}\n", reason, tables);
  for (const auto& [what, seconds] : runner.spent())
    std::cout << fmt::format("seconds: {}: {:.1f}\n", what, seconds);
}

void fail(test::history_runner& runner, const test::history& whole,
          std::uint64_t seed, const std::string& what) {
  const bool shrinks = std::getenv("PGTRICKLE_WHOLE") == nullptr;
  const auto small = shrinks ? test::shrunk(runner, whole) : whole;
  FAIL_CHECK("PGTRICKLE_SEED=" << seed << " reproduces: " << what
                               << "\nthe smallest such history: "
                               << runner.run(small).what << "\n"
                               << test::to_text(small));
}

} // namespace

// PGTRICKLE_HISTORIES=2000 runs so many, from PGTRICKLE_FIRST_SEED on;
// PGTRICKLE_SEED=n runs history n alone. With PGTRICKLE_WHOLE nothing is cut
// down, with PGTRICKLE_RECOMPUTED it is counted what no operator covers.
TEST_CASE("whatever happens to the sources, a refreshed stream table equals "
          "its query") {
  const bool alone = std::getenv("PGTRICKLE_SEED") != nullptr;
  const bool counted = alone || std::getenv("PGTRICKLE_HISTORIES") != nullptr;
  const auto count = alone ? 1 : from_environment("PGTRICKLE_HISTORIES", 200);
  const auto first = from_environment(
    "PGTRICKLE_SEED", from_environment("PGTRICKLE_FIRST_SEED", 1));
  const auto end = std::chrono::steady_clock::now() + budget;
  test::heed_interruptions();
  test::history_runner runner;
  if (std::getenv("PGTRICKLE_RECOMPUTED") != nullptr)
    runner.count_recomputed();
  tally sum;
  for (auto seed = first; seed < first + count && !test::interrupted();
       ++seed) {
    if (!counted && std::chrono::steady_clock::now() > end)
      break;
    const auto history = test::random_history(seed);
    const auto verdict = runner.run(history);
    if (alone)
      std::cout << test::to_text(history);
    sum.add(verdict);
    if (verdict.is == test::verdict::kind::wrong)
      fail(runner, history, seed, verdict.what);
    if (sum.run % 20 == 0)
      report(sum);
  }
  report(sum);
  report(runner);
  // Were the generator to make nothing but nonsense, this would show it.
  CHECK((sum.invalid + sum.cut_short) * 5 <= sum.run);
  for (const auto& [name, tables] : runner.covered().operators())
    CHECK_MESSAGE((sum.run < enough || tables > 0),
                  "no stream table has the operator " << name);
}
