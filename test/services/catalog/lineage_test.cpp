#include "services/catalog/lineage.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::catalog;

namespace {

/// Timeline 1 to 0/5000, 2 to 1/0, then 4.
const lineage present{{"7", 4, 0x1'0000'9000},
                      {{1, 0x5000}, {2, 0x1'0000'0000}}};

} // namespace

TEST_CASE("an LSN is read and printed as PostgreSQL prints it") {
  CHECK(parse_lsn("16/B374D848") == 0x16'B374'D848);
  CHECK(parse_lsn("0/0") == 0);
  CHECK(lsn_text(0x16'B374'D848) == "16/B374D848");
  CHECK_FALSE(parse_lsn(""));
  CHECK_FALSE(parse_lsn("16"));
  CHECK_FALSE(parse_lsn("16/"));
  CHECK_FALSE(parse_lsn("16/100000000"));
  CHECK_FALSE(parse_lsn("16/G"));
}

TEST_CASE("a history file gives the timelines and where they were left") {
  const auto past = parse_history("1\t0/5000\tbefore 2026-11-26 20:00:00+00\n"
                                  "\n"
                                  "# by hand\n"
                                  "2\t1/0\tno recovery target specified\n");
  CHECK(past == present.past);
  CHECK(parse_history("").empty());
  CHECK(parse_history("3\t2/1 no newline").at(0)
        == past_timeline{3, 0x2'0000'0001});
}

TEST_CASE("what came before a timeline was left is an ancestor") {
  CHECK_FALSE(why_not_ancestor({"7", 4, 0x1'0000'9000}, present));
  CHECK_FALSE(why_not_ancestor({"7", 2, 0x6000}, present));
  CHECK_FALSE(why_not_ancestor({"7", 2, 0x1'0000'0000}, present));
  CHECK_FALSE(why_not_ancestor({"7", 1, 0x5000}, present));
}

TEST_CASE("what another history holds is no ancestor, and the reason says so") {
  CHECK(why_not_ancestor({"8", 4, 0}, present)
        == "it is of another PostgreSQL cluster");
  CHECK(why_not_ancestor({"7", 1, 0x5001}, present)
        == "it is at 0/5001 of timeline 1, which the present one left at "
           "0/5000");
  CHECK(why_not_ancestor({"7", 3, 0x10}, present)
        == "it is on timeline 3, from which the present one, 4, does not "
           "descend");
  CHECK(why_not_ancestor({"7", 5, 0x10}, present)
        == "it is on timeline 5, from which the present one, 4, does not "
           "descend");
  CHECK(why_not_ancestor({"7", 4, 0x1'0000'9001}, present)
        == "it is at 1/9001, and the server has only come to 1/9000");
}
