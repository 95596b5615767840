#include "services/coordination/database_census.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const database_census::time_point start{};
const database_row plain{{5, "plain"}, false};
const database_row marked{{6, "marked"}, true};

} // namespace

TEST_CASE("a new database is looked into once, and again after its interval") {
  database_census census;
  CHECK(census.observe({plain, marked}, start).size() == 2);
  census.looked_into(5, false, start);
  census.looked_into(6, false, start);
  CHECK(census.observe({plain, marked}, start + 4s).empty());
  CHECK(census.observe({plain, marked}, start + 5s)
        == std::vector{marked.database});
  census.looked_into(6, true, start + 5s);
  CHECK(census.observe({plain, marked}, start + 59s).empty());
  CHECK(census.observe({plain, marked}, start + 60s)
        == std::vector{plain.database});
  CHECK(census.with_extension() == std::set{marked.database});
}

TEST_CASE("a mark that appears is looked at immediately") {
  database_census census;
  static_cast<void>(census.observe({plain}, start));
  census.looked_into(5, false, start);
  auto now_marked = plain;
  now_marked.is_marked = true;
  CHECK(census.observe({now_marked}, start + 2s).size() == 1);
}

TEST_CASE("a dropped database is forgotten, and one that lost its extension is "
          "looked into again") {
  database_census census;
  static_cast<void>(census.observe({marked}, start));
  census.looked_into(6, true, start);
  census.lost(6, start);
  CHECK(census.with_extension().empty());
  CHECK(census.observe({marked}, start + 5s).size() == 1);
  census.looked_into(6, true, start + 5s);
  CHECK(census.observe({}, start + 6s).empty());
  CHECK(census.with_extension().empty());
}
