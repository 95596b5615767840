#include "services/coordination/queue_pressure.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

constexpr queue_pressure::time_point start{};

} // namespace

TEST_CASE("a queue has fallen behind once some orders were late for a while") {
  queue_pressure pressure;
  CHECK_FALSE(pressure.observe(2, start));
  CHECK_FALSE(pressure.observe(1, start + 4s));
  CHECK(pressure.observe(3, start + 5s) == true);
  CHECK(pressure.is_behind());
  CHECK_FALSE(pressure.observe(3, start + 60s));
}

TEST_CASE("a peak that passes is no news") {
  queue_pressure pressure;
  CHECK_FALSE(pressure.observe(9, start));
  CHECK_FALSE(pressure.observe(0, start + 4s));
  CHECK_FALSE(pressure.observe(9, start + 5s));
  CHECK_FALSE(pressure.is_behind());
}

TEST_CASE("it has caught up once none was late for a while") {
  queue_pressure pressure;
  static_cast<void>(pressure.observe(1, start));
  static_cast<void>(pressure.observe(1, start + 5s));
  CHECK_FALSE(pressure.observe(0, start + 10s));
  CHECK_FALSE(pressure.observe(1, start + 12s));
  CHECK_FALSE(pressure.observe(0, start + 13s));
  CHECK(pressure.observe(0, start + 18s) == false);
}
