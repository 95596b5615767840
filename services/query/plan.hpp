#pragma once
// A defining query as a tree of operators. Columns are positions: column n of
// every node is called c<n+1>. Expressions are SQL over the inputs, which they
// call `i` (one input) or `l` and `r` (two).

#include "services/query/facts.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace pgtrickle {

struct plan;
using plan_ptr = std::shared_ptr<const plan>;

/// The rows of a source table.
struct scan {
  oid table = 0;
  std::string name;
  std::vector<source_column> columns;
};

/// σ: the rows of `input` that satisfy `predicate`.
struct filter {
  plan_ptr input;
  std::string predicate;
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

/// A query that no operator covers: recomputed when one of its tables changes.
struct opaque {
  std::string sql;
  std::set<oid> tables;
  /// What made it opaque, for explain_st.
  std::string reason;
};

using operation = std::variant<scan, filter, project, inner_join, aggregate,
                               distinct, union_all, opaque>;

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

/// Tables whose changes reach `plan`.
[[nodiscard]] std::set<oid> tables_of(const plan& plan);

/// Scans of `plan` by table: what its change buffer has to hold.
[[nodiscard]] std::map<oid, scan> scans_of(const plan& plan);

/// Reasons of the opaque subtrees of `plan`.
[[nodiscard]] std::vector<std::string> opaque_reasons(const plan& plan);

/// `plan` as indented text, for explain_st.
[[nodiscard]] std::string to_text(const plan& plan);

} // namespace pgtrickle
