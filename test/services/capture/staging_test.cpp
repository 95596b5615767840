#include "services/capture/staging.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

const frontier since{.snapshot = "700:700:", .own_xid = {}};

} // namespace

TEST_CASE("new changes are looked for where they were announced") {
  CHECK(window(since, {{.part = 1, .first = 7, .last = 9}})
        == "__xid >= '700'::xid8 AND "
           "(__part = 1 AND __at >= '(7,0)' AND __at < '(10,0)')");
  CHECK(window(since, {{0, 3, 3}, {1, 0, 0}})
        == "__xid >= '700'::xid8 AND "
           "(__part = 0 AND __at >= '(3,0)' AND __at < '(4,0)' OR "
           "__part = 1 AND __at >= '(0,0)' AND __at < '(1,0)')");
}

TEST_CASE("where nothing was announced there is nothing to read") {
  CHECK(window(since, {}) == "__xid >= '700'::xid8 AND (false)");
}

TEST_CASE("a program sees its columns of a change buffer by position, and rows "
          "only while it is refreshed") {
  const column number{.type = "integer", .eq = equality::exact};
  CHECK(create_view({.table = 100,
                     .view = "pgtrickle_state.source_7_100",
                     .attnums = {1, 4},
                     .columns = {number, number}})
        == "CREATE VIEW pgtrickle_state.source_7_100 AS "
           "SELECT __part, __at, __xid, __weight, c1 AS c1, c4 AS c2 FROM ("
           "SELECT 0 AS __part, ctid AS __at, __xid, __weight, c1, c4 "
           "FROM pgtrickle_changes.changes_100_0 UNION ALL "
           "SELECT 1 AS __part, ctid AS __at, __xid, __weight, c1, c4 "
           "FROM pgtrickle_changes.changes_100_1) p "
           "WHERE pgtrickle._internal_refresh()");
}
