// How a program comes by the changes of its sources.

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

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
  entry.view = fmt::format("pgtrickle_state.source_{}_{}",
                           static_cast<std::int64_t>(target_.id), entry.table);
  const auto relation = add_text();
  sources_[at] = {relation.mark, {add_count()}};
  make_ready(at, relation);
  return sources_[at];
}

std::string program_builder::changes_of(oid table) {
  const auto at = source_position(table);
  program_.sources[at].any_column = true;
  return fmt::format("changes[{}]", at + 1);
}

/// Few changes are consolidated into a staging table, whose size the planner
/// sees; many are read where they lie, unless they are likely to cancel.
void program_builder::make_ready(std::size_t at,
                                 const text_variable& relation) {
  const auto& entry = program_.sources[at];
  auto columns = definitions(entry.columns);
  columns.push_back({"__weight", "bigint"});
  const auto staging = add_staging("source", columns);
  clear_after(staging, sources_[at].counts.front());
  if (target_.immediate) {
    create_staging(entry.view, columns);
    clear_after(entry.view, fmt::format("changes[{}]", at + 1));
  }
  auto outer = std::exchange(lines_, {});
  const auto depth = std::exchange(depth_, 2);
  line(fmt::format("{} := {};", relation.name, literal(staging)));
  begin_if(fmt::format("changes[{}] > 0", at + 1));
  if (target_.immediate)
    take_statement(at, relation, staging);
  else
    take_window(at, relation, staging);
  end_if();
  source_lines_ += lines_;
  lines_ = std::move(outer);
  depth_ = depth;
}

/// The new rows of a change buffer.
void program_builder::take_window(std::size_t at, const text_variable& relation,
                                  const std::string& staging) {
  const auto& entry = program_.sources[at];
  const auto count = sources_[at].counts.front();
  const auto window = add_text();
  const auto rows
    = fmt::format("(SELECT {}{}__weight FROM {} WHERE {})",
                  column_list("", entry.columns.size()),
                  entry.columns.empty() ? "" : ", ", entry.view, window.mark);
  line(fmt::format("{} := windows[{}];", window.name, at + 1));
  begin_if(fmt::format("direct[{}]", at + 1));
  line(fmt::format("{} := {};", relation.name, text_of(rows)));
  line(fmt::format("{} := changes[{}];", count, at + 1));
  depth_ -= 1;
  line("ELSE");
  depth_ += 1;
  run(fmt::format("INSERT INTO {} SELECT * FROM {} d", staging,
                  consolidated(rows, entry.columns)),
      count);
  end_if();
}

/// What the triggers staged. A single row has nothing to cancel with; the two
/// of an UPDATE do if it changed no column that the program reads. The limit
/// tells the planner how many rows there are.
void program_builder::take_statement(std::size_t at,
                                     const text_variable& relation,
                                     const std::string& staging) {
  const auto& entry = program_.sources[at];
  const auto count = sources_[at].counts.front();
  begin_if(fmt::format("changes[{0}] = 1 OR changes[{0}] > {1}", at + 1,
                       most_consolidated));
  line(fmt::format("{} := {};", relation.name, literal(entry.view)));
  line(fmt::format("{} := changes[{}];", count, at + 1));
  depth_ -= 1;
  line("ELSE");
  depth_ += 1;
  run(fmt::format("INSERT INTO {} SELECT * FROM {} d", staging,
                  consolidated(entry.view, entry.columns)),
      count);
  end_if();
  line(fmt::format("{0} := '(SELECT * FROM ' || {0} || ' LIMIT ' || {1} || "
                   "')';",
                   relation.name, count));
}

} // namespace pgtrickle
