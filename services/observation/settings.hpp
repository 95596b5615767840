#pragma once

#include "services/config/settings.hpp"
#include "services/postgres/session.hpp"

namespace pgtrickle::observation {

/// The settings `pg_trickle.*` as a new session of the database has them; what
/// was set to something without sense keeps its default.
[[nodiscard]] result<config::settings> read_settings(postgres::session& db);

} // namespace pgtrickle::observation
