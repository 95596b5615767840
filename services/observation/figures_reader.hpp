#pragma once

#include "services/coordination/database_figures.hpp"
#include "services/coordination/lag_ledger.hpp"
#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <chrono>
#include <optional>

namespace pgtrickle::observation {

/// Reads what a database reports of itself, by one statement over one session:
/// each second while the figures move, less often while they don't, and seldom
/// while nothing is late either.
class figures_reader {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Absent: not due yet. All are 0 where the extension keeps no counters.
  /// Folds them when they have become many rows. Errors: fenced,
  /// connection_lost.
  [[nodiscard]] result<std::optional<database_figures>>
  read(postgres::session& db, ownership fence, time_point now);

  /// There is something new: the next one is due soon.
  void stir();

  /// A look for changes found none. Where nothing was late, nothing is.
  void saw_nothing(time_point now);

private:
  [[nodiscard]] database_figures figures_in(const std::string& json,
                                            time_point now);
  void plan(bool has_moved, std::chrono::steady_clock::duration took,
            time_point now);

  time_point next_{};
  std::chrono::milliseconds interval_{};
  std::optional<database_figures> last_;
  /// By both clocks, when it was read that nothing is late; absent: something
  /// is.
  std::optional<std::pair<time_point, lag_ledger::time_point>> all_fresh_at_;
  std::int64_t count_rows_ = 0;
  lag_ledger lags_;
};

} // namespace pgtrickle::observation
