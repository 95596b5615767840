// Δm > 0: k has a match; it had none before if m = Δm, for which no more than
// Δm + 1 matches need to be seen.

#include "services/differential/first_matches.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

std::string by_row(const join_terms& terms, const matching& asked,
                   const std::string& shifted, const std::string& weight) {
  return rows_of(asked, shifted, weight,
                 fmt::format("{0}.__shift > 0 AND NOT EXISTS ({1} OFFSET "
                             "{0}.__shift)",
                             asked.kept.alias,
                             matches_in(terms, asked, asked.other.current)));
}

std::string by_count(const join_terms& terms, const matching& asked,
                     const std::string& shifted, const std::string& weight) {
  return rows_of(
    asked,
    fmt::format("(SELECT {0}.__id, count(*) AS n FROM {1} {0} JOIN {2} "
                "{3} ON {4} WHERE {0}.__shift > 0 GROUP BY {0}.__id) m, {1}",
                asked.kept.alias, shifted, asked.other.current,
                asked.other.alias, terms.condition()),
    weight,
    fmt::format("m.__id = {0}.__id AND m.n = {0}.__shift", asked.kept.alias));
}

} // namespace

std::string rows_of(const matching& asked, const std::string& relation,
                    const std::string& weight, const std::string& predicate) {
  auto outputs = asked.outputs;
  outputs.push_back(weight + " AS __weight");
  return fmt::format("SELECT {} FROM {} {} WHERE {}", joined(outputs), relation,
                     asked.kept.alias, predicate);
}

std::string matches_in(const join_terms& terms, const matching& asked,
                       const std::string& relation) {
  return fmt::format("SELECT FROM {} {} WHERE {}", relation, asked.other.alias,
                     terms.condition());
}

/// Row by row an index gives the first Δm + 1 matches, however many there are;
/// without one it is cheaper to count all matches of all rows. PostgreSQL knows
/// which, but not how soon the row-by-row search ends: hence the factor.
void add_first_matches(join_terms& terms, const matching& asked,
                       const std::string& shifted, const std::string& count,
                       const std::string& weight) {
  auto& program = terms.program();
  const auto chosen = program.add_text();
  const auto other_way = program.add_text();
  const auto set = [&](const auto& variable, const std::string& statement) {
    program.line(
      fmt::format("{} := {};", variable.name, program.text_of(statement)));
  };
  set(chosen, by_row(terms, asked, shifted, weight));
  program.begin_if(count + " > 1");
  set(other_way, by_count(terms, asked, shifted, weight));
  program.begin_if(program.cost_of(other_way.mark) + " * 4 < "
                   + program.cost_of(chosen.mark));
  program.line(fmt::format("{} := {};", chosen.name, other_way.name));
  program.end_if();
  program.end_if();
  terms.add(chosen.mark);
}

} // namespace pgtrickle
