#include "test/engine/property/history_runner.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

using namespace pgtrickle;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const auto* text = std::getenv(name);
  return text == nullptr ? fallback : std::stoull(text);
}

/// What ctest may spend; by PGTRICKLE_HISTORIES the number alone decides.
constexpr auto budget = std::chrono::seconds{60};

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
  const bool shrinks = std::getenv("PGTRICKLE_WHOLE") == nullptr;
  const auto end = std::chrono::steady_clock::now() + budget;
  test::history_runner runner;
  if (std::getenv("PGTRICKLE_RECOMPUTED") != nullptr)
    runner.count_recomputed();
  std::uint64_t invalid = 0;
  std::uint64_t run = 0;
  std::uint64_t cut_short = 0;
  for (auto seed = first; seed < first + count; ++seed, ++run) {
    if (!counted && std::chrono::steady_clock::now() > end)
      break;
    const auto history = test::random_history(seed);
    const auto verdict = runner.run(history);
    if (alone)
      MESSAGE(test::to_text(history));
    invalid += verdict.is == test::verdict::kind::invalid ? 1 : 0;
    if (verdict.is != test::verdict::kind::wrong) {
      cut_short
        += verdict.is == test::verdict::kind::right && !verdict.what.empty()
             ? 1
             : 0;
      continue;
    }
    const auto small = shrinks ? test::shrunk(runner, history) : history;
    FAIL_CHECK("PGTRICKLE_SEED=" << seed << " reproduces: " << verdict.what
                                 << "\nthe smallest such history: "
                                 << runner.run(small).what << "\n"
                                 << test::to_text(small));
  }
  for (const auto& [what, seconds] : runner.spent())
    MESSAGE(what << ": " << seconds << " s");
  for (const auto& [reason, tables] : runner.recomputed())
    MESSAGE("recomputed: " << reason << ": " << tables);
  MESSAGE(run << " histories, " << invalid << " of them with invalid queries, "
              << cut_short << " until an error of their query");
  // Were the generator to make nothing but nonsense, this would show it.
  CHECK((invalid + cut_short) * 5 <= run);
}
