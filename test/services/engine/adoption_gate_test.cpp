#include "services/engine/adoption_gate.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::engine;
using namespace std::chrono_literals;

namespace {

const adoption_gate::time start{};

} // namespace

TEST_CASE("a restored database that is whole is adopted at first sight") {
  adoption_gate gate;
  CHECK(gate.opens({{}, 0}, start));
}

TEST_CASE(
  "nothing is adopted while somebody loads the dump, nor in the moments "
  "between") {
  adoption_gate gate;
  CHECK_FALSE(gate.opens({"pg_restore", 0}, start));
  CHECK_FALSE(gate.opens({"pg_restore", 0}, start + 1h));
  CHECK_FALSE(gate.opens({{}, 0}, start + 1h + 1s));
  CHECK(gate.opens({{}, 0}, start + 1h + 2s));
}

TEST_CASE("what is missing may still come for a while") {
  adoption_gate gate;
  CHECK_FALSE(gate.opens({{}, 2}, start));
  CHECK_FALSE(gate.opens({{}, 1}, start + 59s));
  SUBCASE("it came") { CHECK(gate.opens({{}, 0}, start + 59s)); }
  SUBCASE("it did not") { CHECK(gate.opens({{}, 1}, start + 60s)); }
  SUBCASE("it is being loaded") {
    CHECK_FALSE(gate.opens({"psql", 1}, start + 60s));
    CHECK_FALSE(gate.opens({{}, 1}, start + 119s));
    CHECK(gate.opens({{}, 1}, start + 120s));
  }
}
