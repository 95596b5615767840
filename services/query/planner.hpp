#pragma once
// How a query level becomes a plan. The parts of `planner` stand in a file
// each: levels, FROM, GROUP BY, windows and order, set operations, subqueries,
// WITH.

#include "services/query/aggregate_call.hpp"
#include "services/query/from_clause.hpp"
#include "services/query/plan_builder.hpp"
#include "services/query/window_clause.hpp"

#include <map>

namespace pgtrickle {

/// A level of the query that no operator covers, and why. Thrown; it unwinds to
/// the nearest level that can be recomputed by itself.
struct uncovered {
  std::string reason;
  /// PostgreSQL may need the query around it to compute it too.
  bool not_by_itself = false;
};

class planner {
public:
  planner(const query_facts& facts, const describe_query& describe);

  /// The plan of `query`; recomputed where no operator covers it.
  plan_ptr build(const pg_query::SelectStmt& query);

private:
  using node = pg_query::Node;
  using nodes = std::vector<pg_query::Node>;
  using select_stmt = pg_query::SelectStmt;

  /// The values of the outer query's columns for which a correlated subquery is
  /// evaluated: each once. The subquery reads them like a table, and hands them
  /// out behind its own columns, so that the outer rows can be joined to it.
  struct domain {
    named_rows rows;
    /// How the subquery calls them, and where they stand in the outer rows.
    nodes references;
    std::vector<std::size_t> outer;
  };

  struct common_table {
    pg_query::CommonTableExpr definition;
    plan_ptr rows;
    /// While its step is built: the leaf that stands for its rows.
    plan_ptr self;
  };
  class scopes_above;

  /// A subquery's rows, and how the outer rows find theirs: by `ties`, of which
  /// `keys` are the inner sides and `outer` the outer ones, or by a domain,
  /// whose columns then are the keys.
  struct correlated {
    named_rows inner;
    nodes keys;
    nodes outer;
    nodes ties;
    std::optional<pgtrickle::planner::domain> domain;
  };

  /// The rows of a subquery that is a condition, what ties them to the outer
  /// rows, and which columns of both that sets equal.
  struct inner_side {
    named_rows rows;
    std::string condition;
    column_pairs equal;
  };

  // --- levels (plan_builder.cpp) ---------------------------------------------
  plan_ptr level(const select_stmt& query, const domain* outer);
  plan_ptr recomputed(const select_stmt& query, const std::string& reason);
  plan_ptr select(const select_stmt& query, const domain* outer);
  named_rows from_and_where(const select_stmt& query, const domain* outer,
                            const nodes& ties = {});
  std::vector<column> described(const plan& rows);
  plan_ptr projection(plan_ptr rows, const nodes& expressions);
  plan_ptr once(plan_ptr rows);
  std::set<oid> tables_in(const select_stmt& query) const;

  // --- FROM (plan_from.cpp, plan_joins.cpp) ----------------------------------
  void add_item(from_clause& from, const node& item);
  void add_join(from_clause& from, const pg_query::JoinExpr& join);
  void add_left_join(from_clause& from, const pg_query::JoinExpr& join);
  named_rows alone(const node& item);
  named_rows relation(const pg_query::RangeVar& range);
  plan_ptr relation_rows(const relation_facts& relation);
  plan_ptr view_rows(const relation_facts& relation);
  named_rows outer_joined(const pg_query::JoinExpr& join);
  named_rows joined_sides(const pg_query::JoinExpr& join, named_rows left,
                          named_rows right, join_kind kind,
                          const nodes& written);
  named_rows applied(named_rows left, const node& item, join_kind kind,
                     const nodes& conditions);
  named_rows with_lateral(named_rows left, const select_stmt& query,
                          binding names, bool keeps_left);
  static domain named_domain(const named_rows& outer, const nodes& references);
  domain domain_of(const named_rows& outer, const nodes& references);
  const relation_facts* find(const pg_query::RangeVar& range) const;

  // --- GROUP BY (plan_grouping.cpp, plan_grouping_sets.cpp) ------------------
  plan_ptr grouped(const select_stmt& query, const domain* outer,
                   named_rows rows, nodes& expressions);
  void attach_below(named_rows& rows, nodes& keys, nodes& expressions);
  plan_ptr grouping_input(const named_rows& rows, const grouping& group);
  plan_ptr aggregated(plan_ptr input, std::size_t keys,
                      std::vector<aggregate_call> calls);
  plan_ptr padded(const domain& outer, plan_ptr groups, const grouping& group,
                  nodes& expressions);
  static node group_value(const grouping& group, std::size_t index,
                          std::size_t distance);
  plan_ptr union_of_sets(const named_rows& rows, const grouping& group,
                         std::vector<nodes> sets, const domain* outer,
                         nodes& expressions);
  plan_ptr with_levels(plan_ptr groups, const grouping& group, const nodes& set,
                       const std::vector<nodes>& levels, bool whole);

  // --- windows, DISTINCT ON, LIMIT (plan_order.cpp) --------------------------
  plan_ptr windows(plan_ptr rows, const std::vector<std::size_t>& outer,
                   nodes& expressions);
  plan_ptr window_over(plan_ptr rows, std::vector<std::size_t> partition,
                       std::vector<std::string> calls);
  plan_ptr numbered(plan_ptr rows, const std::vector<std::size_t>& partition,
                    const std::vector<order_item>& order,
                    const std::vector<std::string>& functions);
  plan_ptr first_of_each(plan_ptr rows, const sorted_outputs& outputs);
  plan_ptr limited(const select_stmt& query, plan_ptr rows,
                   const sorted_outputs& outputs);

  // --- set operations (plan_set_operation.cpp) -------------------------------
  plan_ptr set_operation(const select_stmt& query, const domain* outer);
  plan_ptr all_of(std::vector<plan_ptr> arms, std::vector<column> columns);
  plan_ptr counted(plan_ptr left, plan_ptr right, const select_stmt& query);
  plan_ptr cast_to(plan_ptr arm, const std::vector<column>& columns);

  // --- subqueries as conditions (plan_half_joins.cpp) ------------------------
  named_rows half_joined(named_rows rows, const pg_query::SubLink& link,
                         bool negated);
  bool joined_in(from_clause& from, const node& condition);
  nodes half_conditions(const named_rows& rows, const named_rows& inner,
                        pg_query::SubLink link, const nodes& values, bool anti);
  inner_side inner_rows(const named_rows& rows, const select_stmt& query,
                        nodes* values);

  // --- subqueries as values (plan_subqueries.cpp, plan_values.cpp) -----------
  named_rows restricted(named_rows rows, const node& condition);
  plan_ptr filtered_join(const plan_ptr& before, const plan_ptr& joined,
                         const node& predicate);
  node attached(named_rows& rows, const node& expression);
  node value_of(named_rows& rows, const pg_query::SubLink& link);
  select_stmt counting(select_stmt query);
  select_stmt collecting(select_stmt query);
  pg_query::SubLink with_named_operand(named_rows& rows,
                                       pg_query::SubLink link);
  node written_out(const pg_query::SubLink& link);
  node scalar(named_rows& rows, const select_stmt& query);
  enum class inner_rows_wanted : std::uint8_t { all, asked_for };
  correlated correlate(const named_rows& rows, const select_stmt& query,
                       inner_rows_wanted wanted);
  void join_values(named_rows& rows, const correlated& by, plan_ptr values,
                   join_kind kind);
  node aggregated_value(named_rows& rows, const select_stmt& query);
  std::optional<node> looked_up(named_rows& rows, const select_stmt& query);
  node only_value(named_rows& rows, const select_stmt& query);

  // --- WITH (plan_with.cpp) --------------------------------------------------
  static bool reads(const select_stmt& query, const std::string& name);
  void open_with(const pg_query::WithClause& with);
  common_table* common_table_of(const pg_query::RangeVar& range);
  static std::vector<std::string> names_of_common(const common_table& table);
  plan_ptr common_rows(common_table& table);
  plan_ptr recursion_of(common_table& table);

  const query_facts& facts_;
  function_names names_;
  const describe_query& describe_;
  std::vector<std::vector<common_table>> with_; // outermost first
  std::map<oid, plan_ptr> views_;
  stored_rows recursing_; // what stands for a recursion while it is built
  std::size_t recursions_ = 0;
  std::size_t builds_ = 0; // queries that are being built, one in another
};

/// The comparison of a subquery's test expression with `right`, a value for
/// each column. Throws `uncovered` for rows compared otherwise than by =.
[[nodiscard]] pg_query::Node
comparison_of(const pg_query::SubLink& link,
              const std::vector<pg_query::Node>& right);

} // namespace pgtrickle
