#include "actors/ctl/progress_watch.hpp"

#include <doctest/doctest.h>

using pgtrickle::ctl::status_text;

TEST_CASE("a status says as much as is known") {
  CHECK(status_text("verifying rows", "1234567", "2000000")
        == "verifying rows: 61 %, 1,234,567 of 2,000,000 rows");
  CHECK(status_text("copying rows", "5000", std::nullopt)
        == "copying rows: 5,000 rows");
  CHECK(status_text("copying rows", "5000", "4000")
        == "copying rows: 100 %, 5,000 of 4,000 rows");
  CHECK(status_text("writing rows", std::nullopt, "2000000") == "writing rows");
}
