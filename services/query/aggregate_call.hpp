#pragma once
// GROUP BY of one query level: its keys, its aggregates, and what they read.

#include "pg_query.pb.h"
#include "services/query/plan.hpp"
#include "services/query/select_shape.hpp"

namespace pgtrickle {

/// Splits a grouped SELECT in three: `inputs` below the aggregate, the
/// aggregate's keys and calls, and `output` expressions above it.
class grouping {
public:
  explicit grouping(const function_names& names) : names_(names) {}

  void add_key(const pg_query::Node& expression);

  /// Finds the aggregates in an output expression; a column that is not a key
  /// depends on the keys (PostgreSQL has seen to that) and becomes one. Does
  /// not look into subqueries.
  void collect(const pg_query::Node& expression);

  [[nodiscard]] std::size_t keys() const { return keys_.size(); }

  /// Expressions over the FROM clause: the keys, then all that aggregates read.
  [[nodiscard]] std::vector<pg_query::Node> inputs() const;

  /// The calls over the inputs, whose columns are `columns`.
  [[nodiscard]] std::vector<aggregate_call>
  calls(const std::vector<column>& columns) const;

  /// Whether the call behind the keys at `index` gives 0, not null, for no
  /// rows.
  [[nodiscard]] bool counts(std::size_t index) const;

  /// `expression` over the aggregate's output, by position.
  [[nodiscard]] pg_query::Node output(const pg_query::Node& expression) const;

  [[nodiscard]] const std::vector<pg_query::Node>& key_expressions() const {
    return keys_;
  }

private:
  [[nodiscard]] std::size_t argument(const pg_query::Node& expression);
  /// `expression`, which reads nothing but keys, over the inputs.
  [[nodiscard]] pg_query::Node
  over_keys(const pg_query::Node& expression) const;
  [[nodiscard]] std::optional<std::size_t>
  key_position(const pg_query::Node& expression) const;

  const function_names& names_;
  std::vector<pg_query::Node> keys_;
  std::vector<pg_query::Node> arguments_;
  std::vector<pg_query::Node> calls_; // as written
};

} // namespace pgtrickle
