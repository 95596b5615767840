#include "services/scheduling/restart_policy.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

constexpr restart_policy::time_point start{1000h};

restart_policy three_in_a_minute() {
  return restart_policy{
    {.delay = {1s, 60s, 0.0}, .intensity = 3, .period = 60s, .quiet = 120s}};
}

} // namespace

TEST_CASE("a child that dies is restarted after a growing delay") {
  auto policy = three_in_a_minute();
  CHECK(policy.died(start, 0.5) == restart_decision{1s});
  CHECK(policy.died(start + 1s, 0.5) == restart_decision{2s});
  CHECK(policy.died(start + 3s, 0.5) == restart_decision{4s});
}

TEST_CASE("more deaths than the intensity restart the whole group") {
  auto policy = three_in_a_minute();
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(policy.died(start + i * 1s, 0.5).whole_group);
  CHECK(policy.died(start + 59s, 0.5) == restart_decision{8s, true});
}

TEST_CASE("deaths outside the period do not count") {
  auto policy = three_in_a_minute();
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(policy.died(start + i * 1s, 0.5).whole_group);
  CHECK_FALSE(policy.died(start + 60s, 0.5).whole_group);
}

TEST_CASE("after the group was restarted its deaths are counted anew") {
  auto policy = three_in_a_minute();
  for (int i = 0; i < 4; ++i)
    CHECK(policy.died(start + i * 1s, 0.5).whole_group == (i == 3));
  CHECK_FALSE(policy.died(start + 5s, 0.5).whole_group);
  CHECK(policy.died(start + 6s, 0.5).after == 32s);
}

TEST_CASE("a quiet time makes the delays start from the first again") {
  auto policy = three_in_a_minute();
  CHECK(policy.died(start, 0.5).after == 1s);
  CHECK(policy.died(start + 119s, 0.5).after == 2s);
  CHECK(policy.died(start + 119s + 120s, 0.5).after == 1s);
}

TEST_CASE("what died with the server starts soon after its return") {
  using cause = restart_policy::cause;
  auto policy = three_in_a_minute();
  for (int i = 0; i < 4; ++i)
    (void)policy.died(start + i * 1s, 0.5, cause::lost_server);
  CHECK(policy.server_returned(start + 10s, 0.25) == 250ms);
  CHECK(policy.died(start + 11s, 0.5, cause::fault).after == 16s);
  CHECK(policy.died(start + 14s, 0.5, cause::lost_server).after == 1s);
  CHECK(policy.died(start + 15s, 0.5, cause::lost_server).after == 60s);
}
