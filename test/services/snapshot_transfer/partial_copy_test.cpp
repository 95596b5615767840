#include "services/snapshot_transfer/partial_copy.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::snapshot_transfer;

TEST_CASE("a partial copy is the same after it was written and read") {
  const partial_copy copy{{"s\"", "t"}, "1/2/3/4/ff", {4096, 1'000'000}};
  CHECK(read_partial(partial_text(copy)) == copy);
}

TEST_CASE("other comments are not taken for partial copies") {
  for (const auto* text :
       {"", "half", "{}", R"({"pgtrickle_partial": 2})",
        R"({"pgtrickle_partial": 1, "target": "t"})",
        R"({"pgtrickle_partial": 1, "target": {"schema": "s", "name": "t"}})"})
    CHECK(!read_partial(text));
}

TEST_CASE("a partial table has a name of its own for each target") {
  const auto name = partial_name({"s", "t"});
  CHECK(name.schema == "s");
  CHECK(name == partial_name({"s", "t"}));
  CHECK(name != partial_name({"s", "u"}));
  CHECK(partial_name({"s", std::string(63, 'x')}).name.size() <= 63);
}
