// Δ(K ⋉ O) = ΔK·[m > 0]  +  (K − ΔK)·([m > 0] − [m − Δm > 0])
//
// m(k) is the number of rows of O that match the row k, as of the new frontier,
// and Δm(k) the sum of the weights of those of ΔO: m − Δm is what m was.
// K − ΔK, the old rows, are only looked at where Δm is not 0. There,
//   Δm < 0: k had a match; it has none now if m = 0, which takes no counting;
//   Δm > 0: k has a match; it had none before if m = Δm.
// For K ▷ O, the rest of K, the second term has the opposite sign.

#include "services/differential/first_matches.hpp"
#include "services/differential/locator.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

class match_changes {
public:
  match_changes(join_terms& terms, const matching& asked)
    : terms_(terms), program_(terms.program()), asked_(asked),
      kept_(asked.kept), other_(asked.other),
      kept_used_(kept_.columns_in(terms.condition())),
      other_used_(other_.columns_in(terms.condition())) {}

  void add() {
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

  std::string matches(const std::string& relation) const {
    return matches_in(terms_, asked_, relation);
  }

  void add_rows(const std::string& relation, const std::string& weight,
                const std::string& predicate) {
    terms_.add(rows_of(asked_, relation, weight, predicate));
  }

  /// K's columns with a weight, and what else there is.
  std::string kept_row(const std::vector<std::string>& more) const {
    auto outputs = kept_.columns();
    outputs.insert(outputs.end(), more.begin(), more.end());
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
    const auto present = fmt::format("SELECT FROM {} {} WHERE {}",
                                     other_.current, other_.alias, of_other);
    const auto flip = program_.add_count();
    program_.select(
      fmt::format(
        "SELECT (CASE WHEN d.n > 0 AND NOT EXISTS ({0} OFFSET d.n) THEN {1} "
        "WHEN d.n < 0 AND NOT EXISTS ({0}) THEN {2} ELSE 0 END)::bigint "
        "FROM (SELECT sum({3}.__weight) AS n FROM {4} {3} WHERE {5}) d",
        present, asked_.matched ? 1 : -1, asked_.matched ? -1 : 1, other_.alias,
        moved_.relation, of_other),
      flip);
    program_.begin_if(flip + " <> 0");
    const auto sign = program_.add_text();
    program_.line(fmt::format("{} := {}::text;", sign.name, flip));
    add_rows(kept_.current, sign.mark, of_kept);
    program_.begin_if(kept_.has_changed());
    add_rows(kept_.changes.relation,
             fmt::format("-{}.__weight * {}", kept_.alias, sign.mark), of_kept);
    program_.end_if();
    program_.end_if();
  }

  // --- a condition over both sides -------------------------------------------

  void add_flips() {
    auto columns = delta_definitions(kept_.rows.columns);
    columns.push_back({"__id", "bigint"});
    auto shifted = columns;
    shifted.push_back({"__shift", "bigint"});
    const bool at_once = tells_shift();
    if (!at_once) {
      touched_ = program_.add_staged("touched", columns);
      stage_touched();
      program_.begin_if(touched_.count + " > 0");
    }
    shifted_ = program_.add_staged("shifted", shifted);
    if (at_once)
      stage_shifted_at_once();
    else
      stage_shifted();
    program_.begin_if(shifted_.count + " > 0");
    const auto weight = kept_.alias + ".__weight";
    add_rows(shifted_.relation, (asked_.matched ? "-" : "") + weight,
             fmt::format("{}.__shift < 0 AND NOT EXISTS ({})", kept_.alias,
                         matches(other_.current)));
    add_first_matches(terms_, asked_, shifted_.relation, shifted_.count,
                      (asked_.matched ? "" : "-") + weight);
    program_.end_if();
    if (!at_once)
      program_.end_if();
  }

  /// Whether a row of K matches at most one row of what moved, whose weight is
  /// Δm then: equality settles all columns in which these rows differ.
  bool tells_shift() const {
    return std::ranges::all_of(other_used_, [&](auto used) {
      return other_.rows.columns[used].eq == equality::exact
             && std::ranges::any_of(asked_.equal, [&](const auto& pair) {
                  return pair.second == used;
                });
    });
  }

  /// The old rows of K, as `columns` that `select` makes of them and a weight:
  /// those of K and, if that has changed, those of −ΔK.
  template <class Select>
  std::string old_rows(const std::vector<column>& columns,
                       const Select& select) {
    const auto rows = program_.add_text();
    program_.line(
      fmt::format("{} := {};", rows.name,
                  program_.text_of(select(kept_.current, "1::bigint"))));
    program_.begin_if(kept_.has_changed());
    program_.line(fmt::format(
      "{0} := {0} || {1};", rows.name,
      program_.text_of(" UNION ALL "
                       + select(kept_.changes.relation,
                                fmt::format("-{}.__weight", kept_.alias)))));
    program_.end_if();
    return consolidated("(" + rows.mark + ")", columns);
  }

  void stage_touched() {
    // What moved leads to K: few keys find their rows by an index.
    std::vector<std::string> keys;
    std::vector<std::string> found;
    for (const auto& [kept, other] : asked_.equal) {
      const auto name = column_name(other);
      auto key = fmt::format("{}.{}", other_.alias, name);
      if (std::ranges::find(keys, key) == keys.end())
        keys.push_back(std::move(key));
      found.push_back(
        fmt::format("m.{} = {}.{}", name, kept_.alias, column_name(kept)));
    }
    const auto start
      = keys.empty()
          ? std::string{}
          : fmt::format(" JOIN (SELECT DISTINCT {} FROM {} {}) m ON {}",
                        joined(keys), moved_.relation, other_.alias,
                        joined(found, " AND "));
    const auto rows
      = old_rows(kept_.rows.columns, [&](const std::string& relation,
                                         const std::string& weight) {
          return fmt::format("SELECT {} FROM {} {}{} WHERE EXISTS ({})",
                             kept_row({weight + " AS __weight"}), relation,
                             kept_.alias, start, matches(moved_.relation));
        });
    program_.stage(
      touched_,
      fmt::format("(SELECT *, row_number() OVER () FROM {} d)", rows));
  }

  /// Those with Δm <> 0, and Δm.
  void stage_shifted() {
    program_.stage(
      shifted_,
      fmt::format(
        "(SELECT {0} FROM {1} {2} JOIN (SELECT {2}.__id, sum({3}.__weight) AS "
        "shift FROM {1} {2} JOIN {4} {3} ON {5} GROUP BY {2}.__id) d "
        "ON d.__id = {2}.__id WHERE d.shift <> 0)",
        kept_row({kept_.alias + ".__weight", kept_.alias + ".__id", "d.shift"}),
        touched_.relation, kept_.alias, other_.alias, moved_.relation,
        terms_.condition()));
  }

  void stage_shifted_at_once() {
    auto columns = kept_.rows.columns;
    const auto shift = column_name(columns.size());
    columns.push_back({.type = "bigint", .eq = equality::exact});
    const auto rows = old_rows(
      columns, [&](const std::string& relation, const std::string& weight) {
        return fmt::format("SELECT {} FROM {} {} JOIN {} {} ON {}",
                           kept_row({other_.alias + ".__weight AS " + shift,
                                     weight + " AS __weight"}),
                           relation, kept_.alias, moved_.relation, other_.alias,
                           terms_.condition());
      });
    auto outputs = references("d", column_names(columns.size() - 1));
    for (const auto* own : {"d.__weight", "row_number() OVER ()"})
      outputs.emplace_back(own);
    outputs.push_back("d." + shift);
    program_.stage(shifted_,
                   fmt::format("(SELECT {} FROM {} d)", joined(outputs), rows));
  }

  join_terms& terms_;
  program_builder& program_;
  const matching& asked_;
  const join_input& kept_;
  const join_input& other_;
  std::vector<std::size_t> kept_used_;
  std::vector<std::size_t> other_used_;
  program_builder::staged_rows moved_;
  program_builder::staged_rows touched_;
  program_builder::staged_rows shifted_;
};

} // namespace

void add_changed_rows(join_terms& terms, const matching& asked) {
  terms.program().begin_if(asked.kept.has_changed());
  terms.add(
    rows_of(asked, asked.kept.changes.relation, asked.kept.alias + ".__weight",
            fmt::format("{}EXISTS ({})", asked.matched ? "" : "NOT ",
                        matches_in(terms, asked, asked.other.current))));
  terms.program().end_if();
}

void add_matches(join_terms& terms, const matching& asked) {
  add_changed_rows(terms, asked);
  match_changes{terms, asked}.add();
}

} // namespace pgtrickle
