// Pages whose statements are run as they stand there.

#include "test/scenarios/installation.hpp"
#include "test/support/page.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

struct page {
  std::string name;
  /// How many statements it has at least.
  std::size_t statements = 1;
  /// What the page takes for granted.
  std::vector<std::string> prelude;
};

const std::string orders = "CREATE TABLE orders (id bigint PRIMARY KEY, "
                           "customer text, amount numeric)";
const std::string revenue
  = "SELECT pgtrickle.create_stream_table('revenue', 'SELECT customer,"
    " count(*) AS orders, sum(amount) AS total FROM orders GROUP BY 1')";

const std::vector<page> pages{
  {"PATTERNS.md", 30, {}},
  {"TROUBLESHOOTING.md", 3, {orders, revenue}},
  {"FAQ.md", 3, {orders, revenue}},
  {"UPGRADING.md", 2, {}},
  {"integrations/pgbouncer.md", 1, {"CREATE ROLE app"}},
};

} // namespace

TEST_CASE("the statements of the pages do what the pages say") {
  for (const auto& page : pages) {
    CAPTURE(page.name);
    const auto examples = examples_in(blocks_of(DOCUMENTATION "/" + page.name));
    const auto name
      = "page_" + std::to_string(std::hash<std::string>{}(page.name));
    the_installation().repair();
    the_installation().create_database(name);
    auto db = the_installation().connect("postgres", name);
    for (const auto& statement : page.prelude)
      must(db, statement);
    std::size_t statements = 0;
    for (const auto& one : examples) {
      if (one.language != "sql")
        continue;
      ++statements;
      const auto done = db.run(one.statement);
      REQUIRE_MESSAGE(done.sqlstate.empty(), one.statement << done.message);
      if (!one.expected.empty())
        CHECK_MESSAGE(done.value() == one.expected, one.statement);
    }
    CHECK(statements >= page.statements);
    auto last = the_installation().connect();
    must(last, "DROP DATABASE " + name + " WITH (FORCE)");
  }
}

} // namespace pgtrickle::test
