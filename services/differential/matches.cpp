// Δ(K ⋉ O) = ΔK·[m > 0]  +  (K − ΔK)·([m > 0] − [m − Δm > 0])
//
// m(k) is the number of rows of O that match the row k, as of the new frontier,
// and Δm(k) the sum of the weights of those of ΔO: m − Δm is what m was.
// K − ΔK, the old rows, are only looked at where Δm is not 0. There,
//   Δm < 0: k had a match; it has none now if m = 0, which takes no counting;
//   Δm > 0: k has a match; it had none before if m = Δm, for which no more
//           than Δm + 1 matches need to be seen.
// For K ▷ O, the rest of K, the second term has the opposite sign.

#include "services/differential/matches.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <cctype>

namespace pgtrickle {

namespace {

/// Positions of the columns of `input` that `condition` refers to, and perhaps
/// of some that it only mentions in a constant.
std::vector<std::size_t> columns_in(const std::string& condition,
                                    const join_input& input) {
  const auto names_character = [&](std::size_t at) {
    return at < condition.size()
           && (std::isalnum(static_cast<unsigned char>(condition[at])) != 0
               || condition[at] == '_');
  };
  const auto refers_to = [&](const std::string& reference) {
    for (auto at = condition.find(reference); at != std::string::npos;
         at = condition.find(reference, at + 1))
      if (!names_character(at + reference.size())
          && (at == 0 || !names_character(at - 1)))
        return true;
    return false;
  };
  std::vector<std::size_t> result;
  const auto references = input.columns();
  for (std::size_t i = 0; i < references.size(); ++i)
    if (refers_to(references[i]))
      result.push_back(i);
  return result;
}

class match_changes {
public:
  match_changes(join_terms& terms, const join_input& kept,
                const join_input& other, std::vector<std::string> outputs,
                bool matched)
    : terms_(terms), program_(terms.program()), kept_(kept), other_(other),
      outputs_(std::move(outputs)), matched_(matched),
      kept_used_(columns_in(terms.condition(), kept)),
      other_used_(columns_in(terms.condition(), other)) {}

  void add() {
    program_.begin_if(kept_.has_changed());
    terms_.add(rows_of(kept_.changes.relation, kept_.alias + ".__weight",
                       fmt::format("{}EXISTS ({})", matched_ ? "" : "NOT ",
                                   matches(current()))));
    program_.end_if();
    program_.begin_if(other_.has_changed());
    stage_moved();
    program_.begin_if(moved_.count + " > 0");
    if (kept_used_.empty() || other_used_.empty())
      add_flip_of_all();
    else
      add_flips();
    program_.end_if();
    program_.end_if();
  }

private:
  // --- pieces of SQL ---------------------------------------------------------

  const std::string& current() const { return other_.current; }

  /// The rows of `relation`, in place of O, that match the row of K.
  std::string matches(const std::string& relation) const {
    return fmt::format("SELECT FROM {} {} WHERE {}", relation, other_.alias,
                       terms_.condition());
  }

  /// A term: the rows of `relation`, in place of K, that satisfy `predicate`.
  std::string rows_of(const std::string& relation, const std::string& weight,
                      const std::string& predicate) const {
    auto outputs = outputs_;
    outputs.push_back(weight + " AS __weight");
    return fmt::format("SELECT {} FROM {} {} WHERE {}", joined(outputs),
                       relation, kept_.alias, predicate);
  }

  /// K's columns with a weight.
  std::string kept_row(const std::string& weight) const {
    auto outputs = kept_.columns();
    outputs.push_back(weight);
    return joined(outputs);
  }

  // --- what moved ------------------------------------------------------------

  /// Those of O's changes that the condition can see: an update of other
  /// columns makes no difference.
  void stage_moved() {
    std::vector<column_definition> columns;
    for (auto i : other_used_)
      columns.push_back(definition(column_name(i), other_.rows.columns.at(i)));
    columns.push_back({"__weight", "bigint"});
    moved_ = program_.add_staged("moved", columns);
    program_.stage(moved_, consolidated(other_.changes.relation,
                                        other_.rows.columns, other_used_));
  }

  // --- a condition over one side only ----------------------------------------

  /// Then all rows that satisfy it have the same matches, and K is read only
  /// if the first match came or the last one went.
  void add_flip_of_all() {
    const auto of_other
      = kept_used_.empty() ? terms_.condition() : std::string{"true"};
    const auto of_kept
      = kept_used_.empty() ? std::string{"true"} : terms_.condition();
    const auto present = fmt::format("SELECT FROM {} {} WHERE {}", current(),
                                     other_.alias, of_other);
    const auto flip = program_.add_count();
    program_.select(
      fmt::format(
        "SELECT (CASE WHEN d.n > 0 AND NOT EXISTS ({0} OFFSET d.n) THEN {1} "
        "WHEN d.n < 0 AND NOT EXISTS ({0}) THEN {2} ELSE 0 END)::bigint "
        "FROM (SELECT sum({3}.__weight) AS n FROM {4} {3} WHERE {5}) d",
        present, matched_ ? 1 : -1, matched_ ? -1 : 1, other_.alias,
        moved_.relation, of_other),
      flip);
    program_.begin_if(flip + " <> 0");
    const auto sign = program_.add_text();
    program_.line(fmt::format("{} := {}::text;", sign.name, flip));
    terms_.add(rows_of(kept_.current, sign.mark, of_kept));
    program_.begin_if(kept_.has_changed());
    terms_.add(rows_of(kept_.changes.relation,
                       fmt::format("-{}.__weight * {}", kept_.alias, sign.mark),
                       of_kept));
    program_.end_if();
    program_.end_if();
  }

  // --- a condition over both sides -------------------------------------------

  void add_flips() {
    stage_touched();
    program_.begin_if(touched_.count + " > 0");
    stage_shifted();
    program_.begin_if(shifted_.count + " > 0");
    const auto weight = kept_.alias + ".__weight";
    terms_.add(rows_of(shifted_.relation, (matched_ ? "-" : "") + weight,
                       fmt::format("{}.__shift < 0 AND NOT EXISTS ({})",
                                   kept_.alias, matches(current()))));
    add_first_matches((matched_ ? "" : "-") + weight);
    program_.end_if();
    program_.end_if();
  }

  /// The old rows of K that match something that moved.
  void stage_touched() {
    auto columns = delta_definitions(kept_.rows.columns);
    columns.push_back({"__id", "bigint"});
    touched_ = program_.add_staged("touched", columns);
    const auto select
      = [&](const std::string& relation, const std::string& weight) {
          return fmt::format("SELECT {} FROM {} {} WHERE EXISTS ({})",
                             kept_row(weight + " AS __weight"), relation,
                             kept_.alias, matches(moved_.relation));
        };
    const auto rows = program_.add_text();
    program_.line(fmt::format("{} := {};", rows.name,
                              program_.text_of(select(kept_.current, "1"))));
    program_.begin_if(kept_.has_changed());
    program_.line(fmt::format(
      "{0} := {0} || {1};", rows.name,
      program_.text_of(" UNION ALL "
                       + select(kept_.changes.relation,
                                fmt::format("-{}.__weight", kept_.alias)))));
    program_.end_if();
    program_.stage(
      touched_,
      fmt::format("(SELECT *, row_number() OVER () FROM {} d)",
                  consolidated("(" + rows.mark + ")", kept_.rows.columns)));
  }

  /// Those with Δm <> 0, and Δm.
  void stage_shifted() {
    auto columns = delta_definitions(kept_.rows.columns);
    columns.push_back({"__id", "bigint"});
    columns.push_back({"__shift", "bigint"});
    shifted_ = program_.add_staged("shifted", columns);
    program_.stage(
      shifted_,
      fmt::format(
        "(SELECT {0}, {1}.__id, d.shift FROM {2} {1} JOIN (SELECT {1}.__id, "
        "sum({3}.__weight) AS shift FROM {2} {1} JOIN {4} {3} ON {5} "
        "GROUP BY {1}.__id) d ON d.__id = {1}.__id WHERE d.shift <> 0)",
        kept_row(kept_.alias + ".__weight"), kept_.alias, touched_.relation,
        other_.alias, moved_.relation, terms_.condition()));
  }

  /// Adds the rows with m = Δm > 0. Row by row an index gives the first Δm + 1
  /// matches, however many there are; without one it is cheaper to count all
  /// matches of all rows. PostgreSQL knows which.
  void add_first_matches(const std::string& weight) {
    const auto chosen = program_.add_text();
    const auto other_way = program_.add_text();
    const auto set = [&](const auto& variable, const std::string& statement) {
      program_.line(
        fmt::format("{} := {};", variable.name, program_.text_of(statement)));
    };
    set(chosen, first_matches_by_row(weight));
    program_.begin_if(shifted_.count + " > 1");
    set(other_way, first_matches_by_count(weight));
    program_.begin_if(program_.cost_of(other_way.mark) + " < "
                      + program_.cost_of(chosen.mark));
    program_.line(fmt::format("{} := {};", chosen.name, other_way.name));
    program_.end_if();
    program_.end_if();
    terms_.add(chosen.mark);
  }

  std::string first_matches_by_row(const std::string& weight) const {
    return rows_of(shifted_.relation, weight,
                   fmt::format("{0}.__shift > 0 AND NOT EXISTS ({1} OFFSET "
                               "{0}.__shift)",
                               kept_.alias, matches(current())));
  }

  std::string first_matches_by_count(const std::string& weight) const {
    return rows_of(
      fmt::format("(SELECT {0}.__id, count(*) AS n FROM {1} {0} JOIN {2} "
                  "{3} ON {4} WHERE {0}.__shift > 0 GROUP BY {0}.__id) m, {1}",
                  kept_.alias, shifted_.relation, current(), other_.alias,
                  terms_.condition()),
      weight,
      fmt::format("m.__id = {0}.__id AND m.n = {0}.__shift", kept_.alias));
  }

  join_terms& terms_;
  program_builder& program_;
  const join_input& kept_;
  const join_input& other_;
  std::vector<std::string> outputs_;
  bool matched_;
  std::vector<std::size_t> kept_used_;
  std::vector<std::size_t> other_used_;
  program_builder::staged_rows moved_;
  program_builder::staged_rows touched_;
  program_builder::staged_rows shifted_;
};

} // namespace

void add_matched(join_terms& terms, const join_input& kept,
                 const join_input& other,
                 const std::vector<std::string>& outputs, bool matched) {
  match_changes{terms, kept, other, outputs, matched}.add();
}

} // namespace pgtrickle
