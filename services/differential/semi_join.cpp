// Δ(L ⋉ R) = ΔL ⋉ R  +  those rows of L's last state whose having a match in R
// has changed; and the same for L ▷ R, which has the others.
//
// Where no row of L has two matches, having one is a number that adds up:
// Δ(L ⋉ R) = ΔL ⋉ R  +  (L − ΔL)·Δm
//
// Where R has but one row, which a column of L is compared with, only the rows
// of L between its old and its new value can change.

#include "services/differential/matches.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// What has to hold for a row of L whose partner, the one row of R, changes: a
/// piece of SQL that is known when the program runs. A null compares with
/// nothing, and leaves all rows.
std::string between_values(join_terms& terms, const matching& asked,
                           const semi_join& node) {
  if (!node.ordered)
    return {};
  auto& program = terms.program();
  const auto limits = program.add_text();
  const auto& changes = asked.other.changes.relation;
  const auto value = "r." + column_name(node.ordered->second);
  program.select(
    fmt::format("SELECT count(*) FROM {} r WHERE {} IS NULL", changes, value),
    "n");
  program.begin_if("n = 0");
  program.line(fmt::format(
    "{} := {};", limits.name,
    program.text_of(fmt::format(
      " AND l.{0} BETWEEN (SELECT {1} FROM {2} r ORDER BY {1} LIMIT 1) "
      "AND (SELECT {1} FROM {2} r ORDER BY {1} DESC LIMIT 1)",
      column_name(node.ordered->first), value, changes))));
  program.end_if();
  return limits.mark;
}

/// (L − ΔL)·Δm. Where R has but one row, its old and its new value are compared
/// at once: most rows of L match both or neither.
void add_shifts(join_terms& terms, const matching& asked, const semi_join& node,
                bool one_row) {
  auto& program = terms.program();
  program.begin_if(asked.other.has_changed());
  const auto found = asked.other.changes.relation + " r";
  const auto partner
    = one_row
        ? fmt::format("CROSS JOIN LATERAL (SELECT sum(r.__weight)::bigint AS "
                      "__weight FROM {} WHERE {}) r WHERE r.__weight <> 0{}",
                      found, terms.condition(),
                      between_values(terms, asked, node))
        : fmt::format("JOIN {} ON {}", found, terms.condition());
  const auto add = [&](const std::string& rows, std::string_view weight) {
    auto outputs = asked.outputs;
    outputs.push_back(
      fmt::format("{}{} AS __weight", asked.matched ? "" : "-", weight));
    terms.add(
      fmt::format("SELECT {} FROM {} l {}", joined(outputs), rows, partner));
  };
  add(asked.kept.current, "r.__weight");
  program.begin_if(asked.kept.has_changed());
  add(asked.kept.changes.relation, "(-l.__weight * r.__weight)");
  program.end_if();
  program.end_if();
}

} // namespace

delta differentiate(const semi_join& node, const plan& self,
                    program_builder& program) {
  using reading = join_terms::reading;
  const auto* group = std::get_if<aggregate>(&node.right->node);
  const bool one_row = node.single && group != nullptr && group->keys == 0;
  join_terms terms{node,
                   self,
                   program,
                   {reading::several_times, one_row ? reading::row_by_row
                                            : node.single
                                              ? reading::several_times
                                              : reading::once}};
  const matching asked{terms.left(), terms.right(), terms.left().columns(),
                       !node.anti, node.equal};
  if (node.single) {
    add_changed_rows(terms, asked);
    add_shifts(terms, asked, node, one_row);
  } else {
    add_matches(terms, asked);
  }
  return terms.sum();
}

} // namespace pgtrickle
