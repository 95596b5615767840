#include "services/scheduling/look_pace.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

constexpr oid orders = 16384;
constexpr oid branches = 16385;

void look(look_pace& pace, const std::vector<oid>& touched) {
  pace.looked(touched);
}

} // namespace

TEST_CASE("without an awaited source, looks come at the usual pace") {
  look_pace pace;
  CHECK(pace.next(1s) == 1s);
  look(pace, {orders});
  CHECK(pace.next(1s) == 1s);
}

TEST_CASE("looks for an awaited source become rarer until it changes") {
  look_pace pace;
  pace.await({orders});
  look(pace, {orders});
  CHECK(pace.next(1s) == look_pace::shortest);
  auto last = pace.next(1s);
  for (int i = 0; i < 20; ++i) {
    look(pace, {});
    CHECK(pace.next(1s) >= last);
    last = pace.next(1s);
  }
  CHECK(last == look_pace::longest);
  look(pace, {branches});
  CHECK(pace.next(1s) == look_pace::longest);
  look(pace, {branches, orders});
  CHECK(pace.next(1s) == look_pace::shortest);
}

TEST_CASE("an awaited source is never looked for more rarely than others") {
  look_pace pace;
  pace.await({orders});
  for (int i = 0; i < 20; ++i)
    look(pace, {});
  CHECK(pace.next(50ms) == 50ms);
}
