#include "services/query/determinism.hpp"

#include "services/query/parse_tree.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

constexpr auto plain = "SELECT o.id FROM public.orders o";

std::optional<indeterminism> verdict(const std::string& sql,
                                     const query_facts& facts = {}) {
  return indeterminism_of(parse_select(sql).value(), facts);
}

/// Why a query that calls `function` is not deterministic; empty: it is.
std::string reason(const function_facts& function) {
  query_facts facts;
  facts.functions.push_back(function);
  const auto found = verdict(plain, facts);
  return found ? found->reason : "";
}

std::string reason(const std::string& sql) {
  const auto found = verdict(sql);
  return found ? found->reason : "";
}

} // namespace

TEST_CASE("a query over tables and immutable functions is deterministic") {
  CHECK_FALSE(verdict(plain));
  CHECK(reason({"pg_catalog", "lower", 'i'}).empty());
  CHECK(reason({"public", "slug", 'i'}).empty());
}

TEST_CASE("functions that read the clock make a query time dependent") {
  for (const auto* name : {"now", "statement_timestamp"}) {
    query_facts facts;
    facts.functions.push_back({"pg_catalog", name, 's'});
    const auto found = verdict(plain, facts);
    REQUIRE(found);
    CHECK(found->time_dependent);
    CHECK(found->reason
          == "function " + std::string{name} + "() reads the clock");
  }
}

TEST_CASE("CURRENT_DATE and its kin make a query time dependent") {
  query_facts facts;
  facts.reads_clock = true;
  const auto found = verdict("SELECT CURRENT_DATE FROM public.orders", facts);
  REQUIRE(found);
  CHECK(found->time_dependent);
  CHECK(found->reason
        == "CURRENT_DATE and the like read the clock or the role");
}

TEST_CASE("a volatile function is not deterministic whoever wrote it") {
  query_facts facts;
  facts.functions.push_back({"pg_catalog", "random", 'v'});
  const auto found = verdict(plain, facts);
  REQUIRE(found);
  CHECK_FALSE(found->time_dependent);
  CHECK(found->reason == "function random() is volatile");
  CHECK(reason({"public", "ticket", 'v'})
        == "function public.ticket() is volatile");
}

TEST_CASE("a stable function of the user may read what changes unseen") {
  CHECK(reason({"public", "rate", 's'})
        == "function public.rate() is STABLE: what it reads can change unseen");
}

TEST_CASE("a stable function of PostgreSQL follows its arguments") {
  CHECK(reason({"pg_catalog", "to_char", 's'}).empty());
  CHECK(reason({"pg_catalog", "date_trunc", 's'}).empty());
}

TEST_CASE("a stable function of PostgreSQL that reads its state does not") {
  for (const auto* name : {"current_setting", "pg_table_size", "has_any_column",
                           "txid_current", "getdatabaseencoding", "lastval"}) {
    CAPTURE(name);
    CHECK_FALSE(reason({"pg_catalog", name, 's'}).empty());
  }
}

TEST_CASE("LIMIT needs an order") {
  const auto* const why = "LIMIT without ORDER BY picks rows at random";
  CHECK(reason("SELECT id FROM orders LIMIT 3") == why);
  CHECK(reason("SELECT id FROM orders OFFSET 3") == why);
  CHECK(reason("SELECT id FROM orders ORDER BY id LIMIT 3").empty());
  CHECK(reason("SELECT id FROM (SELECT id FROM orders LIMIT 3) x") == why);
}

TEST_CASE("a sample of a table is not deterministic") {
  CHECK(reason("SELECT id FROM orders TABLESAMPLE system (10)")
        == "TABLESAMPLE picks rows at random");
}

TEST_CASE("a query that locks rows is not one to maintain") {
  CHECK(reason("SELECT id FROM orders FOR UPDATE")
        == "FOR UPDATE/SHARE locks rows");
}

TEST_CASE("system columns change without a change of the row") {
  CHECK(reason("SELECT o.ctid FROM orders o")
        == "system column ctid changes without a change of the row");
  CHECK(reason("SELECT id FROM orders WHERE xmin = '1'")
        == "system column xmin changes without a change of the row");
}
