// docs/sql-support.md is what this test finds: every construct is kept through
// changes in each refresh mode, or refused, and the page says which.

#include "test/engine/shop.hpp"
#include "test/engine/support/constructs.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

using namespace pgtrickle;
using test::construct;
using test::shop;

namespace {

/// What a run found: by mode and name, the cell of the page.
using findings_t = std::map<std::pair<std::string, std::string>, std::string>;

struct kept_table {
  std::string name;
  std::string query;
  stream_table_id id;
};

constexpr auto introduction = R"(# SQL support

Every row of these tables is a query that a test keeps through inserts, updates,
deletes and rolled back changes, in each refresh mode, and compares with what
PostgreSQL answers. This page is what the test found
(`test/engine/support/sql_support_test.cpp`; its tables are `customer` and `sale`):
it fails where they differ, and writes the page that would be right.

- *yes*: right after each refresh. In DIFFERENTIAL, by operators: the cost follows the
  change.
- *recomputed*: right as well, but the part of the query that is named has no operator.
  It is computed anew when one of its tables has changed, and what stands above it is
  still incremental (see [opaque](operators/opaque.md)).
- *refused*: `create_stream_table` says why, and what to do.

FULL takes every query that the rows can be recomputed with. A query may combine the
constructs in any way: that is what the property test (`test/engine/property`) is about.
)";

std::string in_cell(std::string text) {
  for (auto at = text.find('|'); at != std::string::npos;
       at = text.find('|', at + 2))
    text.insert(at, 1, '\\');
  return text;
}

class support_run {
public:
  support_run(shop& database, stream_table_id source, std::string mode)
    : database_(database), source_(source), mode_(std::move(mode)) {}

  void create(const construct& c, findings_t& findings) {
    auto& cell = findings[{mode_, c.name}];
    const auto name = fmt::format("kept_{}", ++created_);
    const auto id = database_.try_create(name, c.query, mode_);
    if (!id) {
      cell = "refused";
      return;
    }
    cell = "yes";
    if (mode_ != "FULL")
      if (const auto parts = database_.recomputed_parts(c.query);
          !parts.empty())
        cell = "recomputed: " + parts;
    (void)database_.refresh({*id});
    // What FULL alone accepts gives other rows each time.
    if (findings[{"DIFFERENTIAL", c.name}] != "refused")
      kept_.push_back({name, c.query, *id});
    else
      database_.sql("DROP TABLE " + name);
  }

  void check() {
    for (int round = 0; round < 3; ++round) {
      if (round > 0)
        database_.change(round);
      if (round > 0 && mode_ != "IMMEDIATE")
        refresh();
      for (const auto& table : kept_) {
        CAPTURE(table.query);
        CHECK(database_.difference(table.name, table.query) == 0);
      }
    }
    for (const auto& table : kept_)
      database_.sql("DROP TABLE " + table.name);
  }

private:
  void refresh() {
    (void)database_.refresh({source_});
    std::vector<stream_table_id> ids;
    for (const auto& table : kept_)
      ids.push_back(table.id);
    for (const auto& outcome : database_.refresh(ids)) {
      CAPTURE(outcome.name);
      CHECK((outcome.action == mode_ || outcome.action == "NO_DATA"));
    }
  }

  shop& database_;
  stream_table_id source_;
  std::string mode_;
  std::vector<kept_table> kept_;
  int created_ = 0;
};

std::string page(const findings_t& findings) {
  std::ostringstream text;
  text << introduction;
  for (const auto& group : test::all_constructs()) {
    text << "\n## " << group.title << "\n\n"
         << "| construct | FULL | DIFFERENTIAL | IMMEDIATE | tested with |\n"
         << "|---|---|---|---|---|\n";
    for (const auto& c : group.constructs) {
      text << "| " << in_cell(c.name);
      for (const auto* mode : {"FULL", "DIFFERENTIAL", "IMMEDIATE"})
        text << " | " << in_cell(findings.at({mode, c.name}));
      text << " | `" << in_cell(c.query) << "` |\n";
    }
  }
  return text.str();
}

std::string content_of(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

} // namespace

TEST_CASE_FIXTURE(shop, "docs/sql-support.md is what each mode keeps") {
  sql(test::construct_setup());
  const auto source = create(
    "region_total", "SELECT region, sum(credit) AS credit FROM customer "
                    "GROUP BY region");
  findings_t findings;
  for (const auto* mode : {"DIFFERENTIAL", "FULL", "IMMEDIATE"}) {
    support_run run{*this, source, mode};
    for (const auto& group : test::all_constructs())
      for (const auto& c : group.constructs)
        run.create(c, findings);
    run.check();
  }
  const auto found = page(findings);
  const std::string written = "sql-support.md";
  std::ofstream{written} << found;
  const bool same = content_of(SQL_SUPPORT_PAGE) == found;
  CHECK_MESSAGE(same, "copy " << std::filesystem::absolute(written) << " to "
                              << SQL_SUPPORT_PAGE);
}
