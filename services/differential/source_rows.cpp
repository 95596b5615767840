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

/// The condition on a buffer's rows, in terms of what `arguments` are.
constexpr std::string_view by_parameters
  = "(__xid >= $1 OR __xid = ANY ($2)) AND __xid IS DISTINCT FROM $3 AND "
    "(__part = 0 AND __at >= ($4)[1] AND __at < ($4)[2] OR __part = 1 AND "
    "__at >= ($4)[3] AND __at < ($4)[4]))";

/// For the source at `at`, and `later`.
std::string arguments(std::size_t at, std::string_view later = "later") {
  return fmt::format("{}, open, own, places[{}:{}]", later, 4 * at + 1,
                     4 * at + 4);
}

} // namespace

std::size_t program_builder::source_position(oid table) {
  for (std::size_t i = 0; i < program_.sources.size(); ++i)
    if (program_.sources[i].table == table)
      return i;
  program_.sources.push_back({table, {}, {}, {}, false});
  return program_.sources.size() - 1;
}

/// The source's place among the program's, with its view.
std::size_t program_builder::entry_of(const scan& source) {
  const auto at = source_position(source.table);
  auto& entry = program_.sources[at];
  if (entry.view.empty()) {
    for (const auto& column : source.columns) {
      entry.attnums.push_back(column.attnum);
      entry.columns.push_back(column.facts);
    }
    // By number: a program names no oid, so it serves where its table has
    // another.
    const auto others = std::ranges::count_if(
      program_.sources, [](const auto& x) { return !x.view.empty(); });
    entry.view = fmt::format("pgtrickle_state.source_{}_{}",
                             static_cast<std::int64_t>(target_.id), others + 1);
    entry.adds_up = adds_up_;
  }
  entry.adds_up = entry.adds_up && adds_up_;
  return at;
}

delta program_builder::source(const scan& source,
                              const picked_changes& picked) {
  const auto at = entry_of(source);
  auto& read = in_place_ ? windows_ : sources_;
  const as_read key{at, picked.predicate};
  if (const auto known = read.find(key); known != read.end())
    return known->second;
  return read
    .emplace(key, in_place_ ? window(at, picked) : make_ready(at, picked))
    .first->second;
}

std::string program_builder::changes_of(oid table) {
  const auto at = source_position(table);
  program_.sources[at].any_column = true;
  return fmt::format("changes[{}]", at + 1);
}

delta program_builder::make_ready(std::size_t at,
                                  const picked_changes& picked) {
  const auto& entry = program_.sources[at];
  const auto columns = delta_definitions(entry.columns);
  const auto rows = add_staged("source", columns);
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
    take_window(at, picked, rows);
  end_if();
  source_lines_ += lines_;
  lines_ = std::move(outer);
  depth_ = depth;
  return {rows.relation, {rows.count}};
}

std::string program_builder::rows_where(std::size_t at,
                                        const picked_changes& picked) const {
  const auto& entry = program_.sources[at];
  return fmt::format(
    "(SELECT {}{}__weight FROM {} i WHERE {}",
    column_list("", entry.columns.size()), entry.columns.empty() ? "" : ", ",
    entry.view,
    picked.predicate.empty() ? "" : "(" + picked.predicate + ") AND ");
}

/// The new rows of a change buffer. Few are consolidated and staged, so that
/// the planner sees how many they are; many are staged as they are, or read
/// where they lie, unless they are likely to cancel.
void program_builder::take_window(std::size_t at, const picked_changes& picked,
                                  const staged_rows& rows) {
  const auto& entry = program_.sources[at];
  const auto direct = fmt::format("direct[{}]", at + 1);
  const auto window = rows_where(at, picked) + std::string{by_parameters};
  const auto consolidating
    = stage_text(rows, consolidated(window, entry.columns));
  if (picked.few) {
    add_stage_call("_stage_window", rows, consolidating, arguments(at));
    return;
  }
  begin_if(direct + " <> ''");
  line(fmt::format("{} := {} || {} || ')';", rows.variable,
                   literal(rows_where(at, picked)), direct));
  line(fmt::format("{} := changes[{}];", rows.count, at + 1));
  // The place of changes is in all that reads them: it comes only once.
  line("kept := false;");
  add_else();
  add_stage_call("_stage_window", rows,
                 fmt::format("CASE WHEN {} IS NULL THEN {} ELSE {} END", direct,
                             consolidating, stage_text(rows, window)),
                 arguments(at));
  end_if();
}

/// The new rows of a change buffer for a statement that adds them up: it reads
/// them where they lie. By parameters its plan can be kept; if they are many,
/// their number and place are worth a plan of its own.
delta program_builder::window(std::size_t at, const picked_changes& picked) {
  const auto relation = add_text();
  const auto changes = fmt::format("changes[{}]", at + 1);
  const auto direct = fmt::format("direct[{}]", at + 1);
  auto outer = std::exchange(lines_, {});
  const auto depth = std::exchange(depth_, 2);
  begin_if(changes + " > 0");
  line(
    fmt::format("{} := {};", relation.name,
                literal(rows_where(at, picked) + std::string{by_parameters})));
  begin_if(direct + " <> ''");
  line(fmt::format("{} := {} || {} || ')';", relation.name,
                   literal(rows_where(at, picked)), direct));
  end_if();
  end_if();
  source_lines_ += lines_;
  lines_ = std::move(outer);
  depth_ = depth;
  return {
    relation.mark,
    {changes},
    false,
    arguments(
      at, fmt::format("CASE WHEN {} <> '' THEN NULL ELSE later END", direct))};
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
