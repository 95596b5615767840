#pragma once
// FROM and WHERE as one n-way inner join: leaves, and conditions between them.

#include "services/query/plan_nodes.hpp"

namespace pgtrickle {

class from_clause {
public:
  void add(named_rows leaf) { leaves_.push_back(std::move(leaf)); }

  /// Adds a condition that rows must satisfy; AND is taken apart.
  void add_condition(const pg_query::Node& condition);

  /// Adds `left.name = right.name` for one column of a USING clause, where the
  /// right side's leaves start at `right` and the left side's at `left`.
  [[nodiscard]] bool add_using(const std::string& name, std::size_t left,
                               std::size_t right);

  /// Keeps a condition with a subquery, for whoever has joined everything.
  void defer(pg_query::Node condition) {
    deferred_.push_back(std::move(condition));
  }
  [[nodiscard]] const std::vector<pg_query::Node>& deferred() const {
    return deferred_;
  }

  [[nodiscard]] std::size_t size() const { return leaves_.size(); }

  /// Joins all leaves so far, each condition as early as its columns are there.
  /// What comes of it is the only leaf from now on; conditions that name
  /// columns of later ones wait.
  const named_rows& join();

  /// Makes `rows` the only leaf.
  void replace(named_rows rows) { leaves_ = {std::move(rows)}; }

  /// Whether `item` reads a column of a leaf.
  [[nodiscard]] bool reads(const pg_query::Node& item) const;

  /// Whether a condition names a column that no leaf has.
  [[nodiscard]] bool has_unknown_names() const { return !conditions_.empty(); }

private:
  struct condition {
    pg_query::Node node;
    /// Which leaves it reads; while a name is unknown: none.
    std::vector<bool> leaves;
    bool known = false;
  };

  void resolve(condition& condition) const;
  [[nodiscard]] std::vector<pg_query::Node>
  take_conditions(const std::vector<bool>& joined, const named_rows& rows);
  [[nodiscard]] named_rows filtered(std::size_t leaf);
  [[nodiscard]] std::size_t next_leaf(const std::vector<bool>& joined) const;

  std::vector<named_rows> leaves_;
  std::vector<condition> conditions_;
  std::vector<pg_query::Node> deferred_;
};

} // namespace pgtrickle
