#pragma once
// FROM and WHERE as one n-way inner join: leaves, and conditions between them.

#include "pg_query.pb.h"
#include "services/query/plan.hpp"

#include <functional>
#include <optional>

namespace pgtrickle {

/// One item of a FROM clause, and what its columns are called.
struct leaf {
  std::string alias;
  std::vector<std::string> names;
  plan_ptr rows;
};

/// A column of a leaf.
struct leaf_column {
  std::size_t leaf = 0;
  std::size_t column = 0;
};

/// A FROM clause: names to columns, and the join that yields their rows.
class from_clause {
public:
  void add(leaf item) { leaves_.push_back(std::move(item)); }

  /// Adds a condition that rows must satisfy; AND is taken apart.
  void add_condition(const pg_query::Node& condition);

  /// Adds `left.name = right.name` for one column of a USING clause, where the
  /// right side's leaves start at `right_begin` and end at `right_end`, and the
  /// left side's start at `left_begin`.
  [[nodiscard]] bool add_using(const std::string& name, std::size_t left_begin,
                               std::size_t right_begin, std::size_t right_end);

  [[nodiscard]] std::size_t size() const { return leaves_.size(); }

  /// Finds what a column reference means; nothing if it is unknown here.
  [[nodiscard]] std::optional<leaf_column>
  resolve(const pg_query::ColumnRef& reference) const;

  /// Joins all leaves, each condition as early as its columns are there.
  /// Nothing if a condition names an unknown column.
  [[nodiscard]] plan_ptr join();

  /// After `join`: `expression` over the join's rows, called `i`.
  [[nodiscard]] std::optional<std::string>
  expression(const pg_query::Node& expression) const;

private:
  struct condition {
    pg_query::Node node;
    std::vector<bool> leaves;
    bool placed = false;
  };

  using place = std::function<std::string(leaf_column)>;

  [[nodiscard]] std::optional<std::string>
  render(const pg_query::Node& expression, const place& where) const;
  [[nodiscard]] std::optional<std::vector<bool>>
  leaves_of(const pg_query::Node& expression) const;
  [[nodiscard]] plan_ptr filtered(std::size_t leaf);
  [[nodiscard]] std::size_t next_leaf(const std::vector<bool>& joined) const;
  [[nodiscard]] std::string take_conditions(const std::vector<bool>& joined,
                                            const place& where);

  std::vector<leaf> leaves_;
  std::vector<condition> conditions_;
  std::vector<std::size_t> offsets_; // of each leaf in the join's columns
};

} // namespace pgtrickle
