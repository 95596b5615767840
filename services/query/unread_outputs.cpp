#include "services/query/unread_outputs.hpp"

#include "services/query/parse_tree.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

/// Whether the query gives a row for each row of FROM and WHERE, whatever it
/// selects.
bool is_plain(const pg_query::SelectStmt& query) {
  return query.op() == pg_query::SETOP_NONE && query.values_lists().empty()
         && query.distinct_clause().empty() && query.group_clause().empty()
         && !query.has_having_clause() && query.window_clause().empty()
         && query.sort_clause().empty() && !query.has_limit_count()
         && !query.has_limit_offset() && query.locking_clause().empty();
}

bool selects_columns(const pg_query::SelectStmt& query) {
  return !query.target_list().empty()
         && std::ranges::all_of(query.target_list(), [](const auto& output) {
              return output.res_target().val().has_column_ref();
            });
}

} // namespace

bool drop_unread_outputs(pg_query::SelectStmt& query) {
  bool dropped = false;
  change_each_message(query, [&](auto& message) {
    auto* link = dynamic_cast<pg_query::SubLink*>(&message);
    if (link == nullptr || link->sub_link_type() != pg_query::EXISTS_SUBLINK)
      return true;
    auto& inner = *link->mutable_subselect()->mutable_select_stmt();
    if (is_plain(inner) && selects_columns(inner)) {
      inner.clear_target_list();
      dropped = true;
    }
    return true;
  });
  return dropped;
}

} // namespace pgtrickle
