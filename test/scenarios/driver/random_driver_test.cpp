// A random driver: users, DDL and faults by a seed, and an oracle at every
// quiet point.
//
// PGTRICKLE_DRIVER_SECONDS  how long it acts (20)
// PGTRICKLE_DRIVER_SEED     which steps (20261127); the same seed, the same
// steps PGTRICKLE_DRIVER_NODES    how many daemons (1) PGTRICKLE_DRIVER_JOURNAL
// a file that gets all that happened

#include "test/scenarios/driver/oracle.hpp"
#include "test/support/eventually.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace pgtrickle::test::driver {

namespace {

int chosen(const char* variable, int otherwise) {
  const auto* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::stoi(given);
}

/// Steps until the next quiet point, then what has to be true there.
void run_round(script& steps, int& number, world& all, oracle& judge) {
  for (int left = steps.round_length(); left > 0; --left) {
    const auto step = steps.next();
    all.perform(++number, step);
    (void)throughout(std::chrono::milliseconds{step.pause_ms},
                     [] { return true; });
  }
  all.calm_down();
  judge.check();
}

} // namespace

TEST_CASE("random users and faults by a seed leave every stream table right") {
  const auto seed
    = static_cast<unsigned>(chosen("PGTRICKLE_DRIVER_SEED", 20'261'127));
  const std::chrono::seconds period{chosen("PGTRICKLE_DRIVER_SECONDS", 20)};
  extent size;
  size.nodes = chosen("PGTRICKLE_DRIVER_NODES", 1);

  journal notes;
  world all{size, notes};
  oracle judge{all, notes};
  script steps{seed, size};
  int number = 0;
  int rounds = 0;
  const auto began = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - began < period
         && notes.violations().empty()) {
    run_round(steps, number, all, judge);
    ++rounds;
  }
  if (const auto* file = std::getenv("PGTRICKLE_DRIVER_JOURNAL"))
    notes.save(file);
  MESSAGE("seed " << seed << ": " << number << " steps, " << rounds
                  << " quiet points");
  const auto wrong = notes.violations();
  for (const auto& one : wrong)
    FAIL_CHECK(one);
  CHECK_MESSAGE(wrong.empty(), "PGTRICKLE_DRIVER_SEED="
                                 << seed << " repeats it; the last steps:\n"
                                 << notes.last(150) << "the daemons' logs:\n"
                                 << all.daemon_logs());
}

} // namespace pgtrickle::test::driver
