#pragma once
// A defining query as a tree of operators. Columns are positions: column n of
// every node is called c<n+1>. Expressions are SQL over the inputs, which they
// call `i` (one input) or `l` and `r` (two).

#include "services/query/facts.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pgtrickle {

struct plan;
using plan_ptr = std::shared_ptr<const plan>;

/// Columns of a left and of a right side that belong together.
using column_pairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// The rows of a source table.
struct scan {
  oid table = 0;
  std::string name;
  std::vector<source_column> columns;
  /// As in `relation_facts`.
  double rows = 0;
};

/// σ: the rows of `input` that satisfy `predicate`: about this share of them.
struct filter {
  plan_ptr input;
  std::string predicate;
  double share = 0.3;
  /// The predicate fails for no row, not even for one that is gone again.
  bool harmless = false;
};

/// π: one row of `outputs` for each row of `input`.
struct project {
  plan_ptr input;
  std::vector<std::string> outputs;
};

/// ⋈: the pairs of rows that satisfy `condition` ("true": all pairs).
struct inner_join {
  plan_ptr left;
  plan_ptr right;
  std::string condition;
};

/// ⟕ ⟖ ⟗: the pairs that satisfy `condition`, and every row of a kept side that
/// is in no pair, padded with nulls.
struct outer_join {
  plan_ptr left;
  plan_ptr right;
  std::string condition;
  bool keeps_left = true;
  bool keeps_right = false;
  /// Columns of both sides that the condition demands to be equal.
  column_pairs equal = {};
};

/// ⋉ ▷: the rows of `left` for which some row of `right` satisfies `condition`;
/// if `anti`, those for which none does.
struct semi_join {
  plan_ptr left;
  plan_ptr right;
  std::string condition;
  bool anti = false;
  /// As in `outer_join`.
  column_pairs equal = {};
  /// No row of `left` matches two rows of `right`.
  bool single = false;
  /// If the condition is that a column of `left` is less (or not) than one of
  /// `right`: these two. Their type is sorted by that.
  std::optional<std::pair<std::size_t, std::size_t>> ordered = {};
};

/// How an aggregate's value follows from changes alone, if it does.
enum class aggregate_kind : std::uint8_t {
  count,
  sum,
  average,
  variance,
  boolean_and,
  boolean_or,
  minimum,
  maximum,
  /// Only from the group's rows.
  recomputed,
};

/// One aggregate of an `aggregate`; its arguments are columns of the input.
struct aggregate_call {
  aggregate_kind kind = aggregate_kind::recomputed;
  /// The whole call as SQL, over the input `i`.
  std::string sql;
  /// Input column of the argument; -1: none (count(*)).
  int argument = -1;
  /// Input column of the FILTER condition; -1: none.
  int condition = -1;
  /// variance: over the sample (n-1) or the population; its square root?
  bool sample = false;
  bool square_root = false;
};

/// γ: one row for each distinct value of the first `keys` columns of `input`:
/// these columns, then the value of each call. Without keys: always one row.
struct aggregate {
  plan_ptr input;
  std::size_t keys = 0;
  std::vector<aggregate_call> calls;
};

/// δ: each row of `input` once.
struct distinct {
  plan_ptr input;
};

/// The rows of all `inputs`.
struct union_all {
  std::vector<plan_ptr> inputs;
};

/// Each row of `input` with the values of window functions behind its columns.
/// `calls` are SQL over the input `i`, all of them OVER a window that is
/// partitioned by the columns at `partition`: a partition's rows tell its
/// values. Without partition columns all rows are one partition.
struct window {
  plan_ptr input;
  std::vector<std::size_t> partition;
  std::vector<std::string> calls;
};

/// The first `count` rows of `input` in the order of `order` (SQL over `i`, as
/// in ORDER BY) behind the first `offset`.
struct top_rows {
  plan_ptr input;
  std::vector<std::string> order;
  std::uint64_t count = 0;
  std::uint64_t offset = 0;
};

/// Each row of `input` with each row of `relation` behind its columns. That is
/// SQL that reads no table but, laterally, the input `i`; its columns are
/// called c1 … If `keeps_input`, a row for which it is empty is padded with
/// nulls.
struct lateral {
  plan_ptr input;
  std::string relation;
  std::vector<column> columns;
  bool keeps_input = false;
};

/// Inside the step of a `recursive`: the rows that the last round gave.
struct recursion {
  /// What the common table expression is called in `current`.
  std::string name;
};

/// WITH RECURSIVE: the rows of `base`, and what `step` makes of them, of that,
/// and so on. `step` reads the plan `self`, a `recursion`, exactly once, and is
/// linear in it: no operator on the way there but filter, project, inner_join,
/// lateral, semi_join and outer_join, the last two on the side they keep.
struct recursive {
  plan_ptr base;
  plan_ptr step;
  plan_ptr self;
  /// UNION: a row that was there before is left out. Otherwise UNION ALL.
  bool distinct = true;
};

/// A query that no operator covers: recomputed when one of its tables changes.
/// Without tables it is a constant.
struct opaque {
  std::string sql;
  std::set<oid> tables;
  /// What made it opaque, for explain_st.
  std::string reason;
};

using operation
  = std::variant<scan, filter, project, inner_join, outer_join, semi_join,
                 aggregate, distinct, union_all, window, top_rows, lateral,
                 recursive, recursion, opaque>;

struct plan {
  operation node;
  std::vector<column> columns;
  /// Columns whose values no two rows share; empty: none known.
  std::vector<std::size_t> key = {};
};

/// Relations that hold the current rows of some nodes: arrangements.
using stored_rows = std::map<const plan*, std::string>;

/// The rows of `plan` at the transaction's snapshot: a SELECT in parentheses,
/// over the source tables and, where a node is in `stored`, over that.
[[nodiscard]] std::string current(const plan& plan,
                                  const stored_rows& stored = {});

/// The direct inputs of `plan`.
[[nodiscard]] std::vector<plan_ptr> inputs_of(const plan& plan);

/// Tables whose changes reach `plan`.
[[nodiscard]] std::set<oid> tables_of(const plan& plan);

/// Scans of `plan` by table: what its change buffer has to hold.
[[nodiscard]] std::map<oid, scan> scans_of(const plan& plan);

/// Reasons of the opaque subtrees of `plan`, constants aside.
[[nodiscard]] std::vector<std::string> opaque_reasons(const plan& plan);

/// `plan` as indented text, for explain_st.
[[nodiscard]] std::string to_text(const plan& plan);

/// `plan` as text in which relations and their columns have numbers in place of
/// names: two queries that differ in names only have one shape, and plans of
/// one shape keep the same arrangements.
[[nodiscard]] std::string shape_of(const plan& plan);

} // namespace pgtrickle
