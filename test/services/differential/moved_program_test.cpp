#include "services/differential/moved_program.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// Table 100 lost two columns and is now 200, where the former 200 is 300.
const moved_relations moved{{100, {200, {{1, 1}, {4, 2}, {5, 3}}}},
                            {200, {300, {{1, 1}}}}};

} // namespace

TEST_CASE("a program finds its sources under their present numbers") {
  refresh_program program;
  program.sources = {{200, "a", {1}, {}, false}, {100, "b", {5, 4}, {}, false}};
  REQUIRE(move_sources(program, moved));
  CHECK(program.sources[0].table == 300);
  CHECK(program.sources[0].attnums == std::vector<std::int16_t>{1});
  CHECK(program.sources[1].table == 200);
  CHECK(program.sources[1].attnums == std::vector<std::int16_t>{3, 2});
}

TEST_CASE("a program whose source or column is missing can't be moved") {
  refresh_program program;
  SUBCASE("the table") { program.sources = {{400, "a", {1}, {}, false}}; }
  SUBCASE("a column") { program.sources = {{200, "a", {1, 2}, {}, false}}; }
  CHECK_FALSE(move_sources(program, moved));
}

TEST_CASE("a shape keeps all but the numbers of tables and columns") {
  CHECK(moved_shape("inner join on l.c1 = r.c1; integer  0 true true key 0\n"
                    "2 inputs\n"
                    "scan 100: 1 5; integer  0 true true; text  0 false false\n"
                    "0 inputs\n"
                    "scan 200:\n"
                    "0 inputs\n",
                    moved)
        == "inner join on l.c1 = r.c1; integer  0 true true key 0\n"
           "2 inputs\n"
           "scan 200: 1 3; integer  0 true true; text  0 false false\n"
           "0 inputs\n"
           "scan 300:\n"
           "0 inputs\n");
  CHECK(moved_shape("scan 7: 1 2; x", moved) == "scan 7: 1 2; x");
  CHECK(moved_shape("scanty\nscan of it", moved) == "scanty\nscan of it");
}
