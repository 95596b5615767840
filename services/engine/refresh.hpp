#pragma once
// Bringing stream tables up to date.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <memory>

namespace pgtrickle::engine {

enum class initiator : std::uint8_t { scheduler, manual, initial };

/// Stream tables to refresh at one snapshot, upstream before downstream.
struct refresh_order {
  std::vector<stream_table_id> tables;
  initiator by = initiator::scheduler;
};

/// What became of one stream table of an order.
struct refresh_outcome {
  stream_table_id id{};
  std::string name;
  /// NO_DATA, DIFFERENTIAL, FULL, REINITIALIZE or SKIP.
  std::string action;
  std::string reason;
  std::int64_t changes_consumed = 0;
  std::int64_t rows_inserted = 0;
  std::int64_t rows_deleted = 0;
  std::chrono::microseconds duration{0};
  /// What each statement of the program did and took, as the extension tells it
  /// (JSON); empty: it tells nothing.
  std::string statements;
  /// Present: the refresh failed, and the table holds what it held before.
  std::optional<failure> error;
  /// The failure is one of the query, and repeating it is of no use.
  bool is_broken = false;
  /// The table's status afterwards: ERROR after too many failures in a row.
  std::string status;
};

/// Refreshes stream tables over one session, which keeps the staging tables
/// between refreshes.
class refresher_session {
public:
  explicit refresher_session(postgres::session db);
  ~refresher_session();
  refresher_session(refresher_session&& other) noexcept;
  refresher_session& operator=(refresher_session&& other) noexcept;

  /// Carries out `order` in one REPEATABLE READ transaction. A table that fails
  /// does not stop those that do not depend on it. An error is returned only
  /// when nothing at all could be done (connection_lost, fenced,
  /// serialization_failure, cancelled).
  [[nodiscard]] result<std::vector<refresh_outcome>>
  run(const refresh_order& order, ownership fence);

  [[nodiscard]] postgres::session& db();

  /// Whether PostgreSQL holds so much memory for the session that a new one
  /// should take its place.
  [[nodiscard]] bool is_worn() const;

private:
  struct state;

  std::unique_ptr<state> state_;
};

/// What a sweep is to do.
struct sweep_limits {
  /// Parts of change buffers that are smaller (in bytes) are left for later: a
  /// TRUNCATE costs more than they do.
  std::int64_t worth_emptying = 256 * 1024;
};

/// Empties the parts of change buffers, and of `touched`, that every consumer
/// has passed; then sees to pg_trickle.max_change_buffer_mb. Short
/// transactions, which wait for nobody. Returns how many parts were emptied.
[[nodiscard]] result<std::int64_t>
sweep_change_buffers(postgres::session& db, ownership fence,
                     sweep_limits limits = {});

/// Deletes history rows older than pg_trickle.history_retention_days, and
/// alerts that were published before that; some at a time, oldest first.
[[nodiscard]] result<std::int64_t> prune_history(postgres::session& db,
                                                 ownership fence);

/// Marks refreshes that a daemon left RUNNING when it died as FAILED.
[[nodiscard]] result<std::int64_t>
close_interrupted_refreshes(postgres::session& db, ownership fence);

} // namespace pgtrickle::engine
