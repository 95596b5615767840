#include "services/calls/call_arguments.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

TEST_CASE("arguments of the right type are read") {
  call_arguments arguments{R"({"name": "a", "cascade": true, "query": null})"};
  CHECK(arguments.text("name") == "a");
  CHECK(arguments.flag("cascade", false));
  CHECK(arguments.flag("initialize", true));
  CHECK_FALSE(arguments.optional_text("query"));
  CHECK(arguments.checked(1) == 1);
}

TEST_CASE("the first wrong argument is what the caller hears of") {
  call_arguments arguments{R"({"name": 5, "cascade": "yes"})"};
  CHECK(arguments.text("name").empty());
  CHECK_FALSE(arguments.flag("cascade", false));
  const auto checked = arguments.checked(1);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == errc::invalid_argument);
  CHECK(checked.error().message == "argument name must be a text, not number");
}

TEST_CASE("null where a value must be is named") {
  call_arguments arguments{R"({"name": null})"};
  static_cast<void>(arguments.text("name"));
  CHECK(arguments.checked(1).error().message
        == "argument name must not be null");
}

TEST_CASE("what is no JSON object is refused") {
  for (const auto* text : {"", "[]", "{", "null", "{\"a\":1}}"})
    CHECK_FALSE(call_arguments{text}.checked(1));
}
