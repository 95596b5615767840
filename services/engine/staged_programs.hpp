#pragma once

#include "services/core/ids.hpp"
#include "services/core/result.hpp"
#include "services/differential/program.hpp"
#include "services/postgres/session.hpp"

#include <map>
#include <optional>

namespace pgtrickle::engine {

struct work_item;

/// The programs whose staging tables exist in one session. At most
/// `most_programs` of them: the one that was used longest ago makes room.
class staged_programs {
public:
  static constexpr std::size_t most_programs = 200;
  /// PL/pgSQL keeps what it compiled for a session until that ends, also of
  /// functions that were dropped: after so many the session has had its time.
  static constexpr std::size_t most_compiled = 500;

  /// Sees to it that the program of `item` is there in its present version.
  /// One that another version of the compiler wrote is compiled again, and the
  /// item marked for re-initialisation.
  [[nodiscard]] result<void> prepare(postgres::session& db, work_item& item);

  /// The program of a stream table that `prepare` was called for.
  [[nodiscard]] const refresh_program& at(stream_table_id id) const {
    return entries_.at(id).program;
  }

  /// The version of the program that is there; nothing: there is none.
  [[nodiscard]] std::optional<std::int64_t>
  version_of(stream_table_id id) const {
    const auto known = entries_.find(id);
    return known == entries_.end() ? std::nullopt
                                   : std::optional{known->second.version};
  }

  /// Whether `most_compiled` programs have come into the session.
  [[nodiscard]] bool are_many() const { return compiled_ >= most_compiled; }

private:
  struct entry {
    std::int64_t version = 0;
    std::uint64_t used = 0;
    refresh_program program;
  };

  void forget(pqxx::dbtransaction& tx, stream_table_id id);
  void make_room(pqxx::dbtransaction& tx);

  std::map<stream_table_id, entry> entries_;
  std::uint64_t uses_ = 0;
  std::size_t compiled_ = 0;
};

} // namespace pgtrickle::engine
