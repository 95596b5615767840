#pragma once
// Columns that a query names and nothing reads.

#include "pg_query.pb.h"

namespace pgtrickle {

/// Takes the columns that subqueries of EXISTS select out of `query`: EXISTS
/// asks only whether there is a row. What else they may select is left, it
/// could make a row or fail. Returns whether there were any.
bool drop_unread_outputs(pg_query::SelectStmt& query);

} // namespace pgtrickle
