#include "services/core/version.hpp"

#include <doctest/doctest.h>

using pgtrickle::is_newer;

TEST_CASE("versions are compared number by number") {
  CHECK(is_newer("0.28.0", "0.27.0"));
  CHECK(is_newer("0.100.0", "0.27.0"));
  CHECK(is_newer("1.0", "0.27.9"));
  CHECK(is_newer("0.27.0.1", "0.27.0"));
  CHECK_FALSE(is_newer("0.27", "0.27.0"));
  CHECK_FALSE(is_newer("0.27.0", "0.27"));
  CHECK_FALSE(is_newer("0.9.9", "0.27.0"));
  CHECK_FALSE(is_newer("", "0.27.0"));
  CHECK_FALSE(is_newer("none", "0.27.0"));
}
