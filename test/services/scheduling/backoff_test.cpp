#include "services/scheduling/backoff.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

/// The random number that leads to no deviation.
constexpr auto middle = 0.5;

} // namespace

TEST_CASE("a delay doubles with each failure in a row up to the cap") {
  const backoff policy{1s, 60s};
  CHECK(policy.delay(1, middle) == 1s);
  CHECK(policy.delay(2, middle) == 2s);
  CHECK(policy.delay(6, middle) == 32s);
  CHECK(policy.delay(7, middle) == 60s);
  CHECK(policy.delay(1'000'000, middle) == 60s);
}

TEST_CASE("jitter deviates by a fifth at most and never passes the cap") {
  const backoff policy{1s, 60s};
  CHECK(policy.delay(1, 0.0) == 800ms);
  CHECK(policy.delay(1, 0.999999) == 1200ms);
  CHECK(policy.delay(20, 0.0) == 48s);
  CHECK(policy.delay(20, 0.999999) == 60s);
}

TEST_CASE("without jitter the random number does not matter") {
  const backoff policy{1s, 60s, 0.0};
  CHECK(policy.delay(3, 0.0) == policy.delay(3, 0.9));
}
