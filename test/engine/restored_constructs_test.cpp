// Every construct of SQL that stream tables keep (docs/sql-support.md), in a
// database that was loaded from a dump: its arrangements come over as they are.

#include "test/engine/restored_database.hpp"
#include "test/engine/shop.hpp"
#include "test/engine/support/constructs.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pgtrickle;
using test::shop;

namespace {

struct kept_table {
  std::string name;
  std::string query;
  stream_table_id id;
};

/// Stream tables over everything that `mode` keeps.
std::vector<kept_table> create_all(shop& database, const std::string& mode) {
  std::vector<kept_table> kept;
  for (const auto& group : test::all_constructs())
    for (const auto& c : group.constructs) {
      const auto name = fmt::format("kept_{}", kept.size() + 1);
      const auto id = database.try_create(name, c.query, mode);
      if (!id)
        continue;
      (void)database.refresh({*id});
      kept.push_back({name, c.query, *id});
    }
  REQUIRE(kept.size() > 50);
  return kept;
}

void change(test::restored_database& copy) {
  copy.sql("UPDATE sale SET amount = coalesce(amount, 1) + 3, item = 'tea' "
           "WHERE customer % 3 = 0");
  copy.sql("DELETE FROM customer WHERE id % 5 = 2");
  copy.sql("INSERT INTO sale SELECT * FROM sale LIMIT 7");
  copy.sql("BEGIN; DELETE FROM sale; ROLLBACK");
}

void check(test::restored_database& copy, const std::vector<kept_table>& kept) {
  for (const auto& table : kept) {
    CAPTURE(table.query);
    CHECK(copy.difference(table.name, table.query) == 0);
  }
}

} // namespace

TEST_CASE_FIXTURE(shop, "every construct goes on differentially in a restored "
                        "database") {
  sql(test::construct_setup());
  const auto source
    = create("region_total", "SELECT region, sum(credit) AS credit FROM "
                             "customer GROUP BY region");
  const auto kept = create_all(*this, "DIFFERENTIAL");
  change(1);
  // some have seen less than others
  for (std::size_t i = 0; i < kept.size(); i += 2)
    refresh({kept[i].id});
  change(2);
  refresh({source});

  test::restored_database copy{*this};
  SUBCASE("quiet") {}
  SUBCASE("written to before it was adopted") { ::change(copy); }
  const auto report = copy.adopt();
  CHECK(report.continued.size() == kept.size() + 1);
  for (const auto& table : report.reinitialised)
    MESSAGE(table);
  std::vector<stream_table_id> ids;
  for (const auto& table : kept)
    ids.push_back(table.id);
  for (int round = 0; round < 2; ++round) {
    copy.refresh({source});
    for (const auto& outcome : copy.refresh(ids)) {
      CAPTURE(outcome.name);
      CAPTURE(outcome.reason);
      CHECK((outcome.action == "DIFFERENTIAL" || outcome.action == "NO_DATA"));
    }
    check(copy, kept);
    ::change(copy);
  }
}

TEST_CASE_FIXTURE(shop,
                  "every construct goes on in its writers' transactions in "
                  "a restored database") {
  sql(test::construct_setup());
  create("region_total", "SELECT region, sum(credit) AS credit FROM customer "
                         "GROUP BY region");
  const auto kept = create_all(*this, "IMMEDIATE");
  change(1);
  test::restored_database copy{*this};
  CHECK(copy.adopt().continued.size() == kept.size() + 1);
  check(copy, kept);
  ::change(copy);
  check(copy, kept);
}
