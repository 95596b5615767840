#include "services/coordination/outage.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

TEST_CASE("an outage is told once, when it has lasted") {
  const outage::time_point start{1h};
  outage lost;
  CHECK_FALSE(lost.tried(start));
  lost.began(7, start);
  CHECK_FALSE(lost.tried(start + 4s));
  CHECK(lost.tried(start + 5s) == 7);
  CHECK_FALSE(lost.tried(start + 1h));
}

TEST_CASE("an outage that is over is not told") {
  const outage::time_point start{1h};
  outage lost;
  lost.began(7, start);
  lost.over();
  CHECK_FALSE(lost.tried(start + 10s));
  lost.began(8, start + 20s);
  CHECK_FALSE(lost.tried(start + 21s));
  CHECK(lost.tried(start + 26s) == 8);
}
