#pragma once
// Makes queries: queries.cpp the whole and its levels, from_items.cpp FROM,
// subqueries.cpp what stands in expressions, windows.cpp window functions.

#include "test/engine/property/expressions.hpp"
#include "test/engine/property/queries.hpp"

namespace pgtrickle::test {

using columns_t = std::vector<relation_column>;

class query_maker {
public:
  query_maker(random_source& random, std::vector<relation> tables);

  random_query whole();

private:
  /// A query of any form; with `wanted`, with columns of these types. It may
  /// read `outer`.
  random_query make(int depth, const scope_t& outer, const columns_t* wanted);
  random_query set_operation(int depth, const scope_t& outer,
                             const columns_t* wanted);
  random_query with(int depth, const scope_t& outer, const columns_t* wanted);
  /// WITH RECURSIVE over a table of edges, named `name`; nothing without one.
  std::string recursion(const std::string& name, columns_t& columns);
  random_query select(int depth, const scope_t& outer, const columns_t* wanted);
  reference output(expressions& over, const scope_t& scope,
                   random_query& query);
  void order(random_query& query);
  void group(random_query& query, expressions& over, const scope_t& outer);
  void add_window_over_groups(random_query& query);
  void add_grouping_sets(random_query& query);
  void add_output(random_query& query, const reference& output);

  scope_t from(query_text& query, int depth, const scope_t& outer,
               bool in_parentheses = false);
  from_item source(int depth, const scope_t& outer, scope_t& added);
  from_item joins(int depth, scope_t& added);
  from_item lateral(const scope_t& visible, scope_t& added);
  from_item function(const scope_t& visible, scope_t& added);
  void join(query_text& query, from_item& item, scope_t& scope, scope_t added,
            bool commas);
  bool merge(from_item& item, scope_t& scope, const scope_t& added);
  std::string join_condition(const scope_t& left, const scope_t& right,
                             bool full);
  std::string equality(const scope_t& left, const scope_t& right);

  /// A SELECT without outputs that is mostly tied to `outer`.
  query_text tied(const scope_t& outer, scope_t& scope, int tied_percent = 80);
  std::string subquery_value(sql_type type, const scope_t& outer);
  std::string collected_value(sql_type type, const scope_t& outer);
  std::string subquery_condition(const scope_t& outer);
  std::string membership(const scope_t& outer);
  std::string lookup(sql_type type, const scope_t& outer);

  reference window(random_query& query, expressions& over,
                   const scope_t& scope);
  std::string frame(bool total);

  std::string embed(query_text query);
  std::string next_alias();
  /// Whether another subquery is wanted.
  bool spend();

  random_source& random_;
  std::vector<relation> tables_;
  std::vector<query_text> parts_;
  subquery_maker subqueries_;
  /// How many of `tables_`, the last ones, are WITH queries.
  std::size_t named_ = 0;
  int aliases_ = 0;
  int budget_;
};

[[nodiscard]] bool has_json(const columns_t& columns);

/// `scope` and what is around it, as a subquery sees them.
[[nodiscard]] scope_t both(const scope_t& scope, const scope_t& outer);

} // namespace pgtrickle::test
