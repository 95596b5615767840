#pragma once

#include "services/core/ids.hpp"
#include "services/engine/one_off_program.hpp"

#include <pqxx/pqxx>

#include <string>

namespace pgtrickle::snapshots {

/// What the history keeps of a restore.
struct restore_trail {
  /// When it had its locks: the refresh that it waited for was over then.
  std::string began_at;
  std::string data_timestamp;
  std::string reason;
  engine::row_counts rows;
};

/// The moment by PostgreSQL's clock, for `began_at`.
[[nodiscard]] std::string now_in(pqxx::transaction_base& tx);

void record(pqxx::transaction_base& tx, stream_table_id restored,
            const restore_trail& trail);

} // namespace pgtrickle::snapshots
