#pragma once
// Another defining query for a stream table that exists.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <functional>

namespace pgtrickle::engine {

/// Gives the stream table the query of `change` (and its refresh mode): its
/// rows are computed beside the present ones and exchanged in one transaction,
/// in which `settings` is called too. The table keeps its oid, and all that
/// hangs on columns that stay. When it fails, nothing has changed.
/// Errors: as create_stream_table, and dependents_exist when a column that
/// others need would go.
[[nodiscard]] result<stream_table_id> replace_query(
  postgres::session& db, const caller& by, const stream_table_change& change,
  ownership fence,
  const std::function<void(pqxx::dbtransaction&, stream_table_id)>& settings);

} // namespace pgtrickle::engine
