#include "actors/ctl/screen.hpp"

#include "actors/ctl/table.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::ctl;

namespace {

const pgtrickle::postgres::text_rows many{
  {{"name", type_text}},
  {{"größe und länge"}, {"ERROR"}, {"c"}, {"d"}, {"e"}, {"f"}}};

} // namespace

TEST_CASE("a frame has no more lines than the terminal, less one") {
  const auto frame = frame_of("headline", many, {80, 6}, false);
  CHECK(frame
        == "\x1b[Hheadline\x1b[K\r\n\x1b[K\r\nname\x1b[K\r\n"
           "---------------\x1b[K\r\ngröße und länge\x1b[K\r\n\x1b[J");
}

TEST_CASE("a line is cut where the terminal ends, and so is its colour") {
  const auto frame = frame_of("headline", many, {3, 7}, true);
  CHECK(frame.find("\x1b[Hhea\x1b[0m\x1b[K") == 0);
  CHECK(frame.find("grö\x1b[0m\x1b[K") != std::string::npos);
  CHECK(frame.find("\x1b[31mERR\x1b[0m\x1b[K") != std::string::npos);
}
