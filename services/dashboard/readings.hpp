#pragma once
// What the dashboard shows, read from the catalog.

#include "services/postgres/session.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace pgtrickle::dashboard {

/// All stream tables of a database, its last alerts and its snapshots, with the
/// database's clock. No query text.
[[nodiscard]] result<nlohmann::json> read_database(postgres::session& db);

/// One stream table by its quoted, schema-qualified name: operators, refreshes,
/// change buffers, error with its remedy, forecast and recommendation. No query
/// text. Errors: stream_table_not_found.
[[nodiscard]] result<nlohmann::json> read_stream_table(postgres::session& db,
                                                       const std::string& name);

} // namespace pgtrickle::dashboard
