#include "services/core/roff.hpp"

#include <doctest/doctest.h>

namespace pgtrickle {

TEST_CASE("a man page shows text as it is") {
  CHECK(roff("--name=value") == "\\-\\-name=value");
  CHECK(roff("a\\b") == "a\\eb");
  CHECK(roff("it's") == "it\\(aqs");
}

TEST_CASE("a line of text in a man page is never a request") {
  CHECK(roff(".so /etc/passwd\n.TH") == "\\&.so /etc/passwd\n\\&.TH");
  CHECK(roff("'br") == "\\&\\(aqbr");
  CHECK(roff("1.5") == "1.5");
}

} // namespace pgtrickle
