#include "services/capture/frontier.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

TEST_CASE("a change lies beyond a frontier if its transaction began later") {
  CHECK(beyond({.snapshot = "700:700:", .own_xid = {}})
        == "__xid >= '700'::xid8");
}

TEST_CASE("a change lies beyond a frontier if its transaction was under way") {
  CHECK(beyond({.snapshot = "700:705:700,703", .own_xid = {}})
        == "(__xid >= '705'::xid8 OR __xid = ANY ('{700,703}'::xid8[]))");
}

TEST_CASE("what the refresh itself wrote is consumed already") {
  CHECK(beyond({.snapshot = "700:705:700,703", .own_xid = "705"})
        == "(__xid >= '705'::xid8 OR __xid = ANY ('{700,703}'::xid8[])) "
           "AND __xid <> '705'::xid8");
}

TEST_CASE("the parts of a snapshot") {
  const frontier busy{.snapshot = "700:705:700,703", .own_xid = {}};
  CHECK(first_unseen(busy) == "705");
  CHECK(open_in(busy) == "{700,703}");
  CHECK(open_in({.snapshot = "705:705:", .own_xid = {}}) == "{}");
}
