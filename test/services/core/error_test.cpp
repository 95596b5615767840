#include "services/core/error.hpp"

#include <doctest/doctest.h>

namespace pgtrickle {

TEST_CASE("every error is found by its code") {
  for (const auto& error : error_descriptions()) {
    CAPTURE(error.name);
    CHECK(to_string(error.code) == error.name);
    CHECK(sqlstate_of(error.code) == error.sqlstate);
    CHECK(reaction_to(error.code) == error.what_next);
  }
}

TEST_CASE("an error has a SQLSTATE that PostgreSQL takes") {
  for (const auto& error : error_descriptions()) {
    CAPTURE(error.name);
    CHECK(error.sqlstate.size() == 5);
    CHECK(
      error.sqlstate.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
      == std::string_view::npos);
    CHECK(error.sqlstate.substr(0, 2) != "00");
  }
}

TEST_CASE("no error has the code that stands for success") {
  CHECK(static_cast<int>(error_descriptions().front().code) == 1);
}

} // namespace pgtrickle
