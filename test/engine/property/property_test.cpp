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

// PGTRICKLE_HISTORIES=2000 runs so many; PGTRICKLE_SEED=n runs history n alone.
TEST_CASE("whatever happens to the sources, a refreshed stream table equals "
          "its query") {
  const bool alone = std::getenv("PGTRICKLE_SEED") != nullptr;
  const bool counted = alone || std::getenv("PGTRICKLE_HISTORIES") != nullptr;
  const auto count = alone ? 1 : from_environment("PGTRICKLE_HISTORIES", 200);
  const auto first = from_environment(
    "PGTRICKLE_SEED", from_environment("PGTRICKLE_FIRST_SEED", 1));
  const auto end = std::chrono::steady_clock::now() + budget;
  test::history_runner runner;
  std::uint64_t invalid = 0;
  std::uint64_t run = 0;
  for (auto seed = first; seed < first + count; ++seed, ++run) {
    if (!counted && std::chrono::steady_clock::now() > end)
      break;
    const auto history = test::random_history(seed);
    const auto verdict = runner.run(history);
    invalid += verdict.is == test::verdict::kind::invalid ? 1 : 0;
    if (verdict.is != test::verdict::kind::wrong)
      continue;
    const auto small = test::shrunk(runner, history);
    FAIL_CHECK("PGTRICKLE_SEED=" << seed << " reproduces: " << verdict.what
                                 << "\nthe smallest such history: "
                                 << runner.run(small).what << "\n"
                                 << test::to_text(small));
  }
  MESSAGE(run << " histories, " << invalid << " of them with invalid queries");
  // Were the generator to make nothing but nonsense, this would show it.
  CHECK(invalid * 5 <= run);
}
