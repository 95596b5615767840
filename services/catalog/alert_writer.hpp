#pragma once

#include "services/core/alerts.hpp"
#include "services/core/ids.hpp"
#include "services/postgres/session.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace pgtrickle::catalog {

/// Writes an alert within `tx`, to be published once it is committed, and
/// notifies those who listen in SQL. `payload` is a JSON object.
void write_alert(pqxx::transaction_base& tx, alert event,
                 std::optional<stream_table_id> table, nlohmann::json payload);

} // namespace pgtrickle::catalog
