#include "services/capture/staging.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

const frontier since{.snapshot = "700:700:", .own_xid = {}};

} // namespace

TEST_CASE("a source's changes are counted and its truncation is seen") {
  CHECK(count_changes(100, since)
        == "SELECT count(*), coalesce(bool_or(__weight = 0), false) "
           "FROM pgtrickle_changes.changes_100 WHERE __xid >= '700'::xid8");
}

TEST_CASE("whether a source has changed is asked without counting") {
  CHECK(any_changes(100, since)
        == "SELECT EXISTS (SELECT FROM pgtrickle_changes.changes_100 "
           "WHERE __xid >= '700'::xid8)");
}

TEST_CASE("a program sees its columns of a change buffer by position, and rows "
          "only while it is refreshed") {
  const column number{.type = "integer", .eq = equality::exact};
  CHECK(create_view({.table = 100,
                     .view = "pgtrickle_state.source_7_100",
                     .attnums = {1, 4},
                     .columns = {number, number}})
        == "CREATE VIEW pgtrickle_state.source_7_100 AS "
           "SELECT __xid, __weight, c1 AS c1, c4 AS c2 "
           "FROM pgtrickle_changes.changes_100 "
           "WHERE pgtrickle._internal_refresh()");
}
