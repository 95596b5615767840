#pragma once
// Looking after target lags between refreshes.

#include "services/engine/target_lag.hpp"

#include <map>
#include <set>

namespace pgtrickle::plans {

/// Foretells, for stream tables that wait for their refresh, whether it will
/// land too late. Remembers when each was last seen with nothing to take in:
/// its data are no older than that.
class lag_watch {
public:
  /// Looks at all stream tables that have a target lag, and tells by alerts
  /// what is to be expected of them. Returns of how many more may be to tell
  /// before anything else happens: they wait, run, or are late.
  [[nodiscard]] result<std::size_t> look(postgres::session& db,
                                         ownership fence);

private:
  struct seen_table {
    engine::targeted_table table;
    waiting at;
    std::string planned_at;
    bool has_pending = false;
    bool is_running = false;
  };
  struct known_model {
    std::string planned_at;
    table_model model;
  };

  [[nodiscard]] std::vector<seen_table> seen(pqxx::transaction_base& tx);
  [[nodiscard]] seen_table seen_in(const pqxx::row& row, wall_time now);
  void learn_models(pqxx::transaction_base& tx,
                    const std::vector<seen_table>& tables);

  std::map<stream_table_id, wall_time> clean_at_;
  std::map<stream_table_id, known_model> models_;
};

/// What is to be said of a refresh that runs: nothing, until its data are older
/// than the target allows.
[[nodiscard]] landing landing_of_running(const waiting& at);

} // namespace pgtrickle::plans
