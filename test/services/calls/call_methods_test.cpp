#include "services/calls/call_methods.hpp"

#include "services/calls/definition_calls.hpp"
#include "services/calls/planner_calls.hpp"
#include "services/calls/snapshot_calls.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

std::string error_of(std::string_view method, const std::string& json) {
  const auto* found = find_call_method(method);
  REQUIRE(found != nullptr);
  const auto checked = check_arguments(*found, json);
  return checked ? "" : checked.error().message;
}

} // namespace

TEST_CASE("whatever the daemon carries out can be called") {
  for (const auto& some :
       {definition_methods(), snapshot_methods(), planner_methods()})
    for (const auto& method : some) {
      CAPTURE(method);
      CHECK(find_call_method(method) != nullptr);
    }
  CHECK(find_call_method("ping")->kind == method_kind::reads);
  CHECK(find_call_method("drop_stream_table")->kind == method_kind::defines);
  CHECK(find_call_method("refresh_stream_table")->kind == method_kind::acts);
  CHECK(find_call_method("cancel") == nullptr);
}

TEST_CASE("arguments are one JSON object that has what the call needs") {
  CHECK(error_of("ping", "{}").empty());
  CHECK(error_of("ping", R"({"more": [1, {"a": null}]})").empty());
  CHECK(error_of("explain_st", R"({"name": "a"})").empty());
  CHECK(error_of("explain_st", "{}")
        == "argument \"name\" of explain_st must not be null");
  CHECK(error_of("explain_st", R"({"name": null})")
        == "argument \"name\" of explain_st must not be null");
  for (const std::string json : {"[]", "1", "\"a\"", "null", "[{}]"})
    CHECK(error_of("ping", json)
          == "arguments of a call must be one JSON object");
}

TEST_CASE("hostile arguments are refused") {
  const std::string invalid = "arguments of a call are not valid JSON in UTF-8";
  CHECK(error_of("ping", "") == invalid);
  CHECK(error_of("ping", "{}{}") == invalid);
  CHECK(error_of("ping", "{\"a\": \"\xff\"}") == invalid);
  CHECK(error_of("ping", "{\"a\": \"\xed\xa0\x80\"}") == invalid);
  CHECK(error_of("ping", R"({"a": "\ud800"})") == invalid);
  CHECK(error_of("ping", R"({"a": 1e999})") == invalid);
  CHECK(error_of("ping", std::string("{\"a\": \"\0\"}", 10)) == invalid);
  CHECK(error_of("ping", R"({"a": "x\u0000y"})")
        == "arguments of a call must not contain \\u0000");
  CHECK(error_of("ping", R"({"x\u0000y": 1})")
        == "arguments of a call must not contain \\u0000");
  CHECK(error_of("ping", R"({"a":)" + std::string(1'000'000, '['))
        == "arguments of a call nest too deep");
  CHECK(error_of("validate_query",
                 R"({"query": ")" + std::string(1024 * 1024 + 1, 'x') + "\"}")
        == "the defining query is longer than 1 MB");
}
