#include "services/engine/refresh_costs.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

/// Each arm is read backwards from an index of its own.
const std::string newest_refreshes = fmt::format(
  "SELECT refresh_id, action, delta_row_count, "
  "extract(epoch FROM end_time - start_time) * 1000, "
  "action = 'REINITIALIZE' OR reason = 'first fill' FROM ("
  "(SELECT * FROM pgtrickle.pgt_refresh_history WHERE pgt_id = $1 "
  "AND action = 'DIFFERENTIAL' AND status = 'COMPLETED' "
  "ORDER BY start_time DESC LIMIT {}) UNION ALL "
  "(SELECT * FROM pgtrickle.pgt_refresh_history WHERE pgt_id = $1 "
  "AND action IN ('FULL', 'REINITIALIZE') AND status = 'COMPLETED' "
  "ORDER BY start_time DESC LIMIT {})) h ORDER BY refresh_id DESC",
  remembered_differential, remembered_full);

} // namespace

refresh_costs load_costs(pqxx::transaction_base& tx, stream_table_id table) {
  tx.conn().prepare("pgt_costs", newest_refreshes);
  refresh_costs costs;
  for (const auto& row :
       tx.exec_prepared("pgt_costs", static_cast<std::int64_t>(table))) {
    const refresh_cost cost{row[0].as<std::int64_t>(), row[2].as<double>(),
                            row[3].as<double>()};
    const bool filled = row[4].as<bool>(false);
    if (row[1].as<std::string>() == "DIFFERENTIAL")
      costs.differential.push_back(cost);
    else if (!filled || costs.full.empty())
      costs.full.push_back(cost);
    if (filled)
      break;
  }
  return costs;
}

} // namespace pgtrickle::engine
