#pragma once

#include "services/catalog/query_analysis.hpp"
#include "services/catalog/stream_table_store.hpp"

#include <set>

namespace pgtrickle::engine {

/// What makes the columns of a stream table those of another query. Columns are
/// matched by name: one that stays keeps its place, its indexes and its grants,
/// and new ones come last.
struct column_changes {
  /// Actions of an ALTER TABLE.
  std::vector<std::string> drops;
  std::vector<std::string> additions;
  /// Names of columns that are added or get another type: empty at first.
  std::set<std::string> empty_names;
  /// The attribute numbers of columns that go or get another type.
  std::vector<std::int16_t> gone;
  std::vector<std::string> gone_names;

  [[nodiscard]] bool empty() const {
    return drops.empty() && additions.empty();
  }
};

[[nodiscard]] column_changes
column_changes_for(pqxx::dbtransaction& tx,
                   const catalog::stored_stream_table& table,
                   const catalog::analysed_query& query);

/// Throws dependents_exist if views, foreign keys, stream tables or others need
/// a column that goes.
void check_dependents(pqxx::dbtransaction& tx,
                      const catalog::stored_stream_table& table,
                      const column_changes& changes);

} // namespace pgtrickle::engine
