#pragma once

#include "services/core/ids.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace pgtrickle::dashboard {

/// A refresh, and what its statements took: pg_trickle.last_program.
struct traced_refresh {
  std::chrono::system_clock::time_point ended_at;
  std::string action;
  std::chrono::microseconds duration{};
  /// JSON.
  std::string statements;
};

/// The last refresh of each stream table that this daemon carried out and that
/// had statements. At most `most_refreshes`: the oldest makes room. Safe to use
/// from all threads.
class statement_log {
public:
  static constexpr std::size_t most_refreshes = 2000;

  void keep(const std::string& database, stream_table_id table,
            traced_refresh refresh);

  /// As docs/openapi.yaml has it, without the text of any query; null: nothing
  /// is known of it.
  [[nodiscard]] nlohmann::json of(const std::string& database,
                                  stream_table_id table) const;

private:
  using key = std::pair<std::string, stream_table_id>;

  mutable std::mutex mutex_;
  std::map<key, traced_refresh> refreshes_;
};

/// What a statement that stages rows or writes them is for: of `pgt_7_2_join`
/// "join", of an arrangement `pgtrickle_state.groups_7_4` "arrangement groups";
/// of any other table its name.
[[nodiscard]] std::string purpose_of(const std::string& name);

} // namespace pgtrickle::dashboard
