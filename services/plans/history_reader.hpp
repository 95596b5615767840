#pragma once
// Stream tables with their history, as the planner learns from it.

#include "services/core/ids.hpp"
#include "services/planning/table_history.hpp"
#include "services/scheduling/scheduled_table.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::plans {

/// A stream table and what the catalog has of its past.
struct past_of_table {
  stream_table_id id{};
  /// Quoted and schema-qualified.
  std::string name;
  std::string owner;
  std::string mode;
  /// Absent: calculated.
  std::optional<std::string> schedule;
  std::optional<std::chrono::milliseconds> target;
  table_history history;
};

/// Counts the changes of each hour since they were last counted. The counts of
/// hours that may still grow are replaced by the next call.
void count_hours(pqxx::transaction_base& tx,
                 const std::vector<stream_table_id>& tables);

/// Reads the newest refreshes of `tables` since each last took its present
/// shape, and the hours that were counted; in one pass each. Tables that are
/// gone are left out.
[[nodiscard]] std::vector<past_of_table>
read_history(pqxx::transaction_base& tx,
             const std::vector<stream_table_id>& tables);

} // namespace pgtrickle::plans
