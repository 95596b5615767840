#include "actors/ctl/table.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::ctl;
using pgtrickle::postgres::text_rows;

namespace {

constexpr pgtrickle::oid type_jsonb = 3802;

text_rows sample() {
  return {{{"name", type_text},
           {"rows", type_bigint},
           {"ok", type_bool},
           {"frontier", type_jsonb}},
          {{"größe", "5", "t", R"({"b": [1]})"},
           {"a\tb\n\\", "12345", "f", std::nullopt}}};
}

} // namespace

TEST_CASE("a table has columns as wide as their widest value") {
  CHECK(rendered(sample(), output_format::table)
        == "name      rows  ok  frontier\n"
           "-------  -----  --  ----------\n"
           "größe        5  t   {\"b\": [1]}\n"
           "a\\tb\\n\\  12345  f\n");
}

TEST_CASE("JSON has numbers, booleans and JSON as what they are") {
  CHECK(rendered(sample(), output_format::json) == R"([
  {
    "name": "größe",
    "rows": 5,
    "ok": true,
    "frontier": {
      "b": [
        1
      ]
    }
  },
  {
    "name": "a\tb\n\\",
    "rows": 12345,
    "ok": false,
    "frontier": null
  }
]
)");
}

TEST_CASE("TSV has one line for each row, whatever its values are") {
  CHECK(rendered(sample(), output_format::tsv)
        == "name\trows\tok\tfrontier\n"
           "größe\t5\tt\t{\"b\": [1]}\n"
           "a\\tb\\n\\\\\t12345\tf\t\n");
}

TEST_CASE("a table without rows is its heading, and an empty array in JSON") {
  text_rows none{{{"name", type_text}}, {}};
  CHECK(rendered(none, output_format::table) == "name\n----\n");
  CHECK(rendered(none, output_format::tsv) == "name\n");
  CHECK(rendered(none, output_format::json) == "[]\n");
}

TEST_CASE("a value does not command the terminal") {
  const text_rows hostile{{{"name", type_text}}, {{"\x1b[2J"}}};
  CHECK(rendered(hostile, output_format::table).find('\x1b')
        == std::string::npos);
}

TEST_CASE("rows that come one after the other are lines without a heading") {
  CHECK(lines_of(sample(), output_format::table)
        == "größe  5  t  {\"b\": [1]}\na\\tb\\n\\  12345  f  \n");
  CHECK(lines_of(sample(), output_format::tsv)
        == "größe\t5\tt\t{\"b\": [1]}\na\\tb\\n\\\\\t12345\tf\t\n");
  CHECK(lines_of(sample(), output_format::json)
        == R"({"name":"größe","rows":5,"ok":true,"frontier":{"b":[1]}}
{"name":"a\tb\n\\","rows":12345,"ok":false,"frontier":null}
)");
}

TEST_CASE("a colour leaves the columns where they are") {
  const text_rows states{{{"state", type_text}, {"n", type_bigint}},
                         {{"ERROR", "1"}, {"ok", "2"}, {"other", "3"}}};
  CHECK(rendered(states, output_format::table, true)
        == "state  n\n-----  -\n\x1b[31mERROR\x1b[0m  1\n"
           "\x1b[32mok\x1b[0m     2\nother  3\n");
}
