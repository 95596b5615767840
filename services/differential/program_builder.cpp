#include "services/differential/program_builder.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <utility>

namespace pgtrickle {

namespace {

/// Encloses the name of a text variable in a statement. It is the one character
/// that no text in PostgreSQL holds, a user's constants and names included.
constexpr char mark = '\0';

std::string create_columns(const std::vector<column_definition>& columns) {
  std::vector<std::string> parts;
  for (const auto& column : columns)
    parts.push_back(column.name + " " + column.type);
  return joined(parts);
}

} // namespace

void program_builder::fill_states() {
  for (const auto& one : fills_)
    execute(one.statement);
}

void program_builder::refill_states() {
  for (const auto& state : program_.state)
    execute("TRUNCATE " + state);
  for (const auto& one : fills_) {
    if (one.table.empty() || target_.immediate) {
      execute(one.statement);
      continue;
    }
    const auto staged = fmt::format(
      "pgt_{}_{}_rows", static_cast<std::int64_t>(target_.id), ++tables_);
    line(fmt::format("n := pgtrickle._stage({}, {}, false);", literal(staged),
                     literal(one.rows)));
    run_once(fmt::format("INSERT INTO {} SELECT * FROM {}", one.table, staged));
  }
}

program_builder::text_variable program_builder::add_text(std::string initial) {
  texts_.push_back(std::move(initial));
  const auto name = fmt::format("t{}", texts_.size());
  return {name, mark + name + mark};
}

std::string program_builder::text_of(std::string_view statement) const {
  std::string expression;
  bool variable = false;
  for (std::size_t begin = 0; begin <= statement.size(); variable = !variable) {
    const auto end = std::min(statement.find(mark, begin), statement.size());
    const auto part = statement.substr(begin, end - begin);
    if (!expression.empty())
      expression += " || ";
    expression += variable ? std::string{part} : literal(part);
    begin = end + 1;
  }
  return expression;
}

std::string program_builder::next_name(std::string_view operation) {
  return fmt::format("pgt_{}_{}_{}", static_cast<std::int64_t>(target_.id),
                     ++tables_, operation);
}

program_builder::staged_rows
program_builder::add_staged(std::string_view operation,
                            std::vector<column_definition> columns) {
  const auto relation = add_text(literal(no_rows(columns)));
  return {relation.mark, add_count(), next_name(operation), relation.name,
          std::move(columns)};
}

/// The text of the SELECT that stages `relation`: the columns get the types
/// that they are declared with.
std::string program_builder::stage_text(const staged_rows& rows,
                                        std::string_view relation) const {
  std::vector<std::string> names;
  std::vector<std::string> outputs;
  for (const auto& column : rows.columns) {
    names.push_back(column.name);
    outputs.push_back(
      fmt::format("d.{0}::{1} AS {0}", column.name, column.type));
  }
  return text_of(fmt::format("SELECT {} FROM {} d({})", joined(outputs),
                             relation, joined(names)));
}

void program_builder::add_stage_call(std::string_view function,
                                     const staged_rows& rows,
                                     std::string_view statement,
                                     std::string_view arguments) {
  line(fmt::format("{} := pgtrickle.{}({}, {}, {});", rows.count, function,
                   literal(rows.name), statement, arguments));
  line(fmt::format("{} := {};", rows.variable, literal(rows.name)));
}

void program_builder::stage(const staged_rows& rows, std::string_view relation,
                            std::string_view window) {
  if (window.empty())
    add_stage_call("_stage", rows, stage_text(rows, relation), "kept");
  else
    add_stage_call("_stage_window", rows, stage_text(rows, relation), window);
}

std::string
program_builder::add_table(std::string_view operation,
                           const std::vector<column_definition>& columns) {
  auto name = next_name(operation);
  name = (target_.immediate ? "pgtrickle_state." : "pg_temp.") + name;
  create_table(name, columns);
  return name;
}

void program_builder::create_table(
  const std::string& name, const std::vector<column_definition>& columns) {
  program_.staging.push_back(name);
  program_.create_staging.push_back(fmt::format(
    "CREATE {} TABLE {} ({})", target_.immediate ? "UNLOGGED" : "TEMP",
    target_.immediate ? name : name.substr(sizeof("pg_temp")),
    create_columns(columns)));
}

std::string
program_builder::add_state(std::string_view operation,
                           const std::vector<column_definition>& columns,
                           std::string_view constraints) {
  auto name = fmt::format("pgtrickle_state.{}_{}_{}", operation,
                          static_cast<std::int64_t>(target_.id), ++tables_);
  program_.state.push_back(name);
  program_.create_state.push_back(
    fmt::format("CREATE TABLE {} ({}{}) WITH (fillfactor = 80)", name,
                create_columns(columns), constraints));
  return name;
}

void program_builder::add_state_index(std::string statement) {
  program_.create_state.push_back(std::move(statement));
}

std::string program_builder::add_count() {
  counts_.push_back(fmt::format("n{}", counts_.size() + 1));
  return counts_.back();
}

void program_builder::line(std::string_view text) {
  lines_ += std::string(2 * depth_, ' ');
  lines_ += text;
  lines_ += '\n';
}

void program_builder::add_call(std::string_view statement,
                               std::string_view count, std::string_view kept) {
  const auto call
    = fmt::format("pgtrickle._run({}, {})", text_of(statement), kept);
  line(fmt::format("n := {};", call));
  if (!count.empty())
    line(fmt::format("{0} := {0} + n;", count));
}

void program_builder::run(std::string_view statement, std::string_view count) {
  add_call(statement, count, "kept");
}

void program_builder::run_once(std::string_view statement,
                               std::string_view count) {
  add_call(statement, count, "false");
}

void program_builder::select(std::string_view query,
                             std::string_view variable) {
  line(fmt::format("{} := pgtrickle._number({}, kept);", variable,
                   text_of(query)));
}

void program_builder::execute(std::string_view statement,
                              std::string_view count) {
  line(fmt::format("EXECUTE {};", text_of(statement)));
  if (count.empty())
    return;
  line("GET DIAGNOSTICS n = ROW_COUNT;");
  line(fmt::format("{0} := {0} + n;", count));
}

std::string program_builder::cost_of(std::string_view statement) const {
  return fmt::format("pgtrickle._cost({}, kept)", text_of(statement));
}

void program_builder::begin_if(std::string_view condition) {
  line(fmt::format("IF {} THEN", condition));
  ++depth_;
}

void program_builder::add_else() {
  --depth_;
  line("ELSE");
  ++depth_;
}

void program_builder::end_if() {
  --depth_;
  line("END IF;");
}

void program_builder::begin_loop(std::string_view condition) {
  line(fmt::format("WHILE {} LOOP", condition));
  ++depth_;
}

void program_builder::end_loop() {
  --depth_;
  line("END LOOP;");
}

void program_builder::clear_after(std::string name, std::string count) {
  cleared_.emplace_back(std::move(name), std::move(count));
}

std::string program_builder::take_lines() { return std::exchange(lines_, {}); }

refresh_program program_builder::finish(std::string fill_lines,
                                        std::string differential_lines,
                                        std::string full_lines,
                                        std::string check_lines) {
  std::string body = "DECLARE\n  n bigint; missing bigint; inserted bigint := "
                     "0; deleted bigint := 0;\n"
                     "  working boolean; kept boolean := false;\n";
  if (target_.immediate)
    body += "  alone boolean;\n";
  for (const auto& count : counts_)
    body += fmt::format("  {} bigint := 0;\n", count);
  for (std::size_t i = 0; i < texts_.size(); ++i)
    body += fmt::format("  t{} text := {};\n", i + 1, texts_[i]);
  // A row that goes may come again in a later statement; another program of
  // this transaction has made constraints immediate at its end.
  body += "BEGIN\n";
  if (!target_.immediate)
    body += "  SET CONSTRAINTS ALL DEFERRED;\n";
  body += "  working := pgtrickle._begin_program();\n";
  body += "  IF mode = 'CHECK' THEN\n" + check_lines;
  body += "  ELSIF mode = 'FILL' THEN\n" + fill_lines;
  body += "  ELSIF mode = 'FULL' THEN\n" + full_lines;
  body += "  ELSE\n    kept := true;\n" + source_lines_ + differential_lines;
  body += "  END IF;\n";
  for (const auto& [table, count] : cleared_)
    body += fmt::format("  IF {} > 0 THEN\n{}  END IF;\n", count,
                        clearing(table, target_.immediate));
  body += "  working := pgtrickle._end_program();\n";
  // Deferred triggers of the owner must run with the owner's rights: now, also
  // what they defer. In a writer's transaction those of the writer would run
  // with them too; there the owner's are refused.
  if (!target_.immediate)
    body += "  SET CONSTRAINTS ALL IMMEDIATE;\n"
            "  PERFORM pgtrickle._settle();\n";
  program_.immediate = target_.immediate;
  body += "  RETURN ARRAY[inserted, deleted];\nEND";
  program_.function_body = std::move(body);
  return std::move(program_);
}

/// A table's size is what the planner goes by, and deleted rows stay in
/// it: beyond 32 pages it is truncated, which costs more than a DELETE. A
/// writer's transaction doesn't wait for whoever else has locked the table, say
/// pg_dump.
std::string clearing(const std::string& name, bool immediate) {
  const std::string_view lines
    = immediate
        ? "    alone := false;\n"
          "    IF pg_relation_size('{0}') > 262144 THEN\n"
          "      BEGIN\n"
          "        LOCK TABLE {0} IN ACCESS EXCLUSIVE MODE NOWAIT;\n"
          "        alone := true;\n"
          "      EXCEPTION WHEN lock_not_available THEN NULL;\n"
          "      END;\n"
          "    END IF;\n"
          "    IF alone THEN TRUNCATE {0}; ELSE DELETE FROM {0}; END IF;\n"
        : "    IF pg_relation_size('{0}') > 262144 THEN TRUNCATE {0};\n"
          "    ELSE DELETE FROM {0}; END IF;\n";
  return fmt::format(fmt::runtime(lines), name);
}

} // namespace pgtrickle
