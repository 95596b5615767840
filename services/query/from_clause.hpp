#pragma once
// FROM and WHERE as one n-way inner join: leaves, and conditions between them.

#include "services/query/column_uses.hpp"
#include "services/query/join_order.hpp"
#include "services/query/plan_nodes.hpp"

#include <utility>

namespace pgtrickle {

class from_clause {
public:
  void add(named_rows leaf) { leaves_.push_back(std::move(leaf)); }

  /// Adds a condition that rows must satisfy; AND is taken apart, and what all
  /// alternatives of an OR demand is taken out of it.
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

  [[nodiscard]] std::vector<pg_query::Node> take_deferred() {
    return std::exchange(deferred_, {});
  }

  [[nodiscard]] std::size_t size() const { return leaves_.size(); }

  /// Joins all leaves so far, in an order that makes few rows of changes, each
  /// condition as early as its columns are there. What comes of it is the only
  /// leaf from now on; conditions that name columns of later ones wait. With
  /// `uses`, columns that neither these nor conditions need are left out.
  const named_rows& join(const column_uses* uses = nullptr);

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
  void imply();
  [[nodiscard]] named_rows narrowed(named_rows rows, const column_uses* uses,
                                    bool last) const;
  [[nodiscard]] join_order order() const;
  [[nodiscard]] double share(std::size_t leaf,
                             const pg_query::Node& node) const;
  [[nodiscard]] std::vector<pg_query::Node>
  take_conditions(const std::vector<bool>& joined, const named_rows& rows);
  [[nodiscard]] named_rows filtered(std::size_t leaf);
  std::vector<named_rows> leaves_;
  std::vector<condition> conditions_;
  std::vector<pg_query::Node> deferred_;
};

} // namespace pgtrickle
