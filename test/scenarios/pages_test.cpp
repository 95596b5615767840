// Pages whose statements are run as they stand there.

#include "test/scenarios/installation.hpp"
#include "test/support/page.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("the statements of the pages do what the pages say") {
  for (const auto* page : {"PATTERNS.md"}) {
    CAPTURE(page);
    const auto examples
      = examples_in(blocks_of(DOCUMENTATION "/" + std::string{page}));
    REQUIRE(examples.size() > 10);
    const auto name = "page_" + std::to_string(std::hash<std::string>{}(page));
    the_installation().repair();
    the_installation().create_database(name);
    auto db = the_installation().connect("postgres", name);
    for (const auto& one : examples) {
      const auto done = db.run(one.statement);
      REQUIRE_MESSAGE(done.sqlstate.empty(), one.statement << done.message);
      if (!one.expected.empty())
        CHECK_MESSAGE(done.value() == one.expected, one.statement);
    }
  }
}

} // namespace pgtrickle::test
