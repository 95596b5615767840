#pragma once
// What the dashboard shows, read from the catalog.

#include "services/dashboard/statement_log.hpp"
#include "services/postgres/session.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace pgtrickle::dashboard {

/// All stream tables of a database, its last alerts and its snapshots, with the
/// database's clock. No query text.
[[nodiscard]] result<nlohmann::json> read_database(postgres::session& db);

/// One stream table by its quoted, schema-qualified name: operators, refreshes,
/// what the statements of the last one took as `log` has it, change buffers,
/// error with its remedy, forecast and recommendation. No query text. Errors:
/// stream_table_not_found.
[[nodiscard]] result<nlohmann::json>
read_stream_table(postgres::session& db, const statement_log& log,
                  const std::string& database, const std::string& name);

} // namespace pgtrickle::dashboard
