#include "services/differential/join_terms.hpp"

#include "services/differential/locator.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <cctype>

namespace pgtrickle {

namespace {

constexpr std::string_view separator = " UNION ALL ";

join_input input_of(std::string alias, const plan& rows,
                    program_builder& program, join_terms::reading often) {
  auto changes = program.differentiate(rows);
  changes.costly = changes.costly || often == join_terms::reading::row_by_row;
  if (often != join_terms::reading::once)
    changes = program.staged(std::move(changes), rows.columns);
  return {std::move(alias), rows, std::move(changes), program.current(rows)};
}

bool is_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool refers_to(const std::string& condition, const std::string& reference) {
  for (auto at = condition.find(reference); at != std::string::npos;
       at = condition.find(reference, at + 1)) {
    const auto end = at + reference.size();
    if ((end == condition.size() || !is_of_name(condition[end]))
        && (at == 0 || !is_of_name(condition[at - 1])))
      return true;
  }
  return false;
}

} // namespace

std::vector<std::string> join_input::columns() const {
  return references(alias, column_names(rows.columns.size()));
}

std::vector<std::size_t>
join_input::columns_in(const std::string& condition) const {
  std::vector<std::size_t> result;
  const auto all = columns();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (refers_to(condition, all[i]))
      result.push_back(i);
  return result;
}

join_terms::join_terms(const plan& left, const plan& right,
                       std::string condition, const plan& self,
                       program_builder& program, readings several)
  : self_(self), program_(program), condition_(std::move(condition)),
    left_(input_of("l", left, program, several.left)),
    right_(input_of("r", right, program, several.right)),
    terms_(program.add_text()) {
  program_.line(fmt::format("{} := '';", terms_.name));
}

void join_terms::add(const std::string& select) {
  program_.line(fmt::format("{0} := {0} || {1};", terms_.name,
                            program_.text_of(std::string{separator} + select)));
}

void join_terms::add_pairs() {
  std::vector<std::string> outputs;
  for (const auto* side : {&left_, &right_})
    for (const auto& column : side->columns())
      outputs.push_back(
        fmt::format("{} AS {}", column, column_name(outputs.size())));
  const auto add_term
    = [&](std::string_view weight, std::string_view l, std::string_view r) {
        auto columns = outputs;
        columns.push_back(fmt::format("{} AS __weight", weight));
        add(fmt::format("SELECT {} FROM {} l JOIN {} r ON {}", joined(columns),
                        l, r, condition_));
      };
  program_.begin_if(left_.has_changed());
  add_term("l.__weight", left_.changes.relation, right_.current);
  program_.end_if();
  program_.begin_if(right_.has_changed());
  add_term("r.__weight", left_.current, right_.changes.relation);
  program_.begin_if(left_.has_changed());
  add_term("-l.__weight * r.__weight", left_.changes.relation,
           right_.changes.relation);
  program_.end_if();
  program_.end_if();
}

delta join_terms::sum() {
  program_.line(fmt::format(
    "{0} := CASE {0} WHEN '' THEN {1} ELSE '(' || substr({0}, {2}) || ')' END;",
    terms_.name, literal(no_rows(delta_definitions(self_.columns))),
    separator.size() + 1));
  auto counts = left_.changes.counts;
  counts.insert(counts.end(), right_.changes.counts.begin(),
                right_.changes.counts.end());
  return {terms_.mark, std::move(counts), true};
}

} // namespace pgtrickle
