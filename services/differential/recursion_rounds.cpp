#include "services/differential/recursion_rounds.hpp"

#include "services/differential/recursion_lookups.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// A path that is longer than this is taken for a circle.
constexpr int most_rounds = 100'000;

} // namespace

recursion_rounds::recursion_rounds(const recursive& node, const plan& self,
                                   program_builder& program)
  : node_(node), self_(self), program_(program),
    columns_(column_list("", self.columns.size())), round_(program.add_count()),
    number_(program.add_text()) {}

void recursion_rounds::create_arrangement(
  const locator& where, const std::vector<column_definition>& more) {
  auto columns = definitions(self_.columns);
  columns.insert(columns.end(), more.begin(), more.end());
  arrangement_ = program_.add_state("recursion", columns);
  const auto names = column_names(self_.columns.size());
  for (const auto& index : where.index_on(arrangement_, names))
    program_.add_state_index(index);
  for (const auto& lookup : recursion_lookups(*node_.step, *node_.self)) {
    std::vector<std::string> parts;
    for (auto i : lookup)
      parts.push_back(names[i]);
    program_.add_state_index(
      fmt::format("CREATE INDEX ON {} ({})", arrangement_, joined(parts)));
  }
}

std::string recursion_rounds::arranged() const {
  return fmt::format("(SELECT {} FROM {} a)",
                     column_list("a", self_.columns.size()), arrangement_);
}

std::string recursion_rounds::step_over_result() const {
  return current(*node_.step, {{node_.self.get(), current(self_)}});
}

delta recursion_rounds::seed() {
  program_.store(*node_.self, arranged());
  const auto base = program_.differentiate(*node_.base);
  const auto step = program_.differentiate(*node_.step);
  std::string rows;
  for (const auto* part : {&base, &step})
    rows += fmt::format("{}SELECT {}, __weight FROM {} i",
                        rows.empty() ? "" : " UNION ALL ", columns_,
                        part->relation);
  auto counts = base.counts;
  counts.insert(counts.end(), step.counts.begin(), step.counts.end());
  return {"(" + rows + ")", std::move(counts), true};
}

recursion_rounds::rounds_table
recursion_rounds::add_table(std::string_view operation,
                            std::vector<column_definition> more) {
  auto columns = definitions(self_.columns);
  columns.insert(columns.end(), more.begin(), more.end());
  columns.push_back({"__round", "bigint"});
  rounds_table table{program_.add_table(operation, columns),
                     program_.add_count()};
  program_.add_table_index(
    fmt::format("CREATE INDEX ON {} (__round)", table.name));
  program_.clear_after(table.name, table.count);
  return table;
}

void recursion_rounds::set_last(const program_builder::text_variable& text,
                                const rounds_table& table,
                                std::string_view condition) {
  program_.line(
    fmt::format("{} := {} || {} || {} || n || ')';", text.name,
                literal(fmt::format(
                  "(SELECT {} FROM {} WHERE __round = ", columns_, table.name)),
                round_, literal(fmt::format("{} LIMIT ", condition))));
}

std::string recursion_rounds::step_of(const std::string& rows) {
  program_.store(*node_.self, rows);
  return program_.current(*node_.step);
}

void recursion_rounds::next_round() {
  program_.line(
    fmt::format("{0} := {0} + 1; {1} := {0};", round_, number_.name));
}

void recursion_rounds::begin_rounds() {
  program_.begin_loop("n > 0");
  program_.begin_if(fmt::format("{} > {}", round_, most_rounds));
  program_.line(fmt::format(
    "RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded', "
    "MESSAGE = {}, HINT = {};",
    literal(fmt::format("WITH RECURSIVE in the query of {} does not end within "
                        "{} rounds",
                        program_.target().name, most_rounds)),
    literal(node_.distinct
              ? "Bound the recursion in its WHERE: each round finds new rows."
              : "Write UNION instead of UNION ALL, or bound the recursion in "
                "its WHERE: some rows lead back to themselves.")));
  program_.end_if();
}

void recursion_rounds::end_rounds() { program_.end_loop(); }

} // namespace pgtrickle
