#pragma once

#include "services/dashboard/board.hpp"
#include "services/dashboard/statement_log.hpp"
#include "services/http/server.hpp"
#include "services/postgres/session.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace pgtrickle::dashboard {

/// Opens a session in the database of that name.
using session_opener
  = std::function<result<postgres::session>(const std::string& database)>;

/// Adds the dashboard at `/`, its files, and the JSON that it shows:
/// docs/openapi.yaml describes that.
void add_pages(std::map<std::string, http::page>& pages,
               std::shared_ptr<board> on,
               std::shared_ptr<const statement_log> log, session_opener open);

} // namespace pgtrickle::dashboard
