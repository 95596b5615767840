// How a program comes by the changes of its sources.

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pgtrickle {

namespace {

/// More changes of one statement are read where they lie.
constexpr int most_consolidated = 1000;

} // namespace

std::size_t program_builder::source_position(oid table) {
  for (std::size_t i = 0; i < program_.sources.size(); ++i)
    if (program_.sources[i].table == table)
      return i;
  program_.sources.push_back({table, {}, {}, {}, false});
  sources_.emplace_back();
  return program_.sources.size() - 1;
}

delta program_builder::source(const scan& source) {
  const auto at = source_position(source.table);
  auto& entry = program_.sources[at];
  if (!entry.view.empty())
    return sources_[at];
  for (const auto& column : source.columns) {
    entry.attnums.push_back(column.attnum);
    entry.columns.push_back(column.facts);
  }
  // By number: a program names no oid, so it serves where its table has
  // another.
  entry.view = fmt::format(
    "pgtrickle_state.source_{}_{}", static_cast<std::int64_t>(target_.id),
    std::ranges::count_if(program_.sources, [](const auto& x) {
      return !x.view.empty();
    }) + 1);
  make_ready(at);
  return sources_[at];
}

std::string program_builder::changes_of(oid table) {
  const auto at = source_position(table);
  program_.sources[at].any_column = true;
  return fmt::format("changes[{}]", at + 1);
}

/// Few changes are consolidated and staged, so that the planner sees how many
/// they are; many are read where they lie, unless they are likely to cancel.
void program_builder::make_ready(std::size_t at) {
  const auto& entry = program_.sources[at];
  const auto columns = delta_definitions(entry.columns);
  const auto rows = add_staged("source", columns);
  sources_[at] = {rows.relation, {rows.count}};
  if (target_.immediate) {
    create_table(entry.view, columns);
    clear_after(entry.view, fmt::format("changes[{}]", at + 1));
  }
  auto outer = std::exchange(lines_, {});
  const auto depth = std::exchange(depth_, 2);
  begin_if(fmt::format("changes[{}] > 0", at + 1));
  if (target_.immediate)
    take_statement(at, rows);
  else
    take_window(at, rows);
  end_if();
  source_lines_ += lines_;
  lines_ = std::move(outer);
  depth_ = depth;
}

/// The new rows of a change buffer.
void program_builder::take_window(std::size_t at, const staged_rows& rows) {
  const auto& entry = program_.sources[at];
  const auto window = fmt::format("direct[{}]", at + 1);
  const auto rows_where
    = fmt::format("(SELECT {}{}__weight FROM {} WHERE ",
                  column_list("", entry.columns.size()),
                  entry.columns.empty() ? "" : ", ", entry.view);
  begin_if(window + " IS NOT NULL");
  line(fmt::format("{} := {} || {} || ')';", rows.variable, literal(rows_where),
                   window));
  line(fmt::format("{} := changes[{}];", rows.count, at + 1));
  add_else();
  line(stage_call(
    "_stage_window", rows,
    consolidated(rows_where
                   + "(__xid >= $1 OR __xid = ANY ($2)) AND __xid IS DISTINCT "
                     "FROM $3 AND (__part = 0 AND __at >= ($4)[1] AND __at < "
                     "($4)[2] OR __part = 1 AND __at >= ($4)[3] AND __at < "
                     "($4)[4]))",
                 entry.columns),
    fmt::format("later, open, own, places[{}:{}]", 4 * at + 1, 4 * at + 4)));
  mark_staged(rows);
  end_if();
}

/// What the triggers staged. A single row has nothing to cancel with; the two
/// of an UPDATE do if it changed no column that the program reads. The limit,
/// which takes nothing away, tells the planner about how many rows there are.
void program_builder::take_statement(std::size_t at, const staged_rows& rows) {
  const auto& entry = program_.sources[at];
  begin_if(fmt::format("changes[{0}] = 1 OR changes[{0}] > {1}", at + 1,
                       most_consolidated));
  line(fmt::format("{} := changes[{}];", rows.count, at + 1));
  line(fmt::format("{} := '(SELECT * FROM {} LIMIT ' || power(2, "
                   "ceil(log(2, {})))::bigint || ')';",
                   rows.variable, entry.view, rows.count));
  add_else();
  stage(rows, consolidated(entry.view, entry.columns));
  end_if();
}

} // namespace pgtrickle
