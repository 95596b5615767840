// A query's levels: SELECT, and what is recomputed.

#include "services/query/plan_builder.hpp"

#include "services/query/correlation.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/shared_parts.hpp"
#include "services/query/sql_text.hpp"
#include "services/query/window_clause.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

planner::planner(const query_facts& facts, const describe_query& describe)
  : facts_(facts), names_(function_names_of(facts)), describe_(describe) {
  // What subqueries are turned into.
  names_.aggregates.insert({"count", "array_agg"});
}

plan_ptr planner::build(const select_stmt& query) {
  const auto depth = with_.size();
  const auto outer = builds_++;
  try {
    auto plan = level(query, nullptr);
    builds_ = outer;
    return plan;
  } catch (const uncovered& reason) {
    builds_ = outer;
    with_.resize(depth);
    if (reason.not_by_itself && outer > 0)
      throw;
    return recomputed(query, reason.reason);
  }
}

/// `query` as PostgreSQL computes it, with the definitions of all common tables
/// that it may read.
plan_ptr planner::recomputed(const select_stmt& query,
                             const std::string& reason) {
  auto whole = query;
  whole.clear_with_clause();
  pg_query::WithClause with;
  std::set<std::string> known;
  for (const auto& scope : with_)
    for (const auto& table : scope) {
      const auto& name = table.definition.ctename();
      if ((table.self && reads(query, name)) || !known.insert(name).second)
        throw uncovered{reason};
      *with.add_ctes()->mutable_common_table_expr() = table.definition;
    }
  for (const auto& cte : query.with_clause().ctes()) {
    if (!known.insert(cte.common_table_expr().ctename()).second)
      throw uncovered{reason};
    *with.add_ctes() = cte;
  }
  with.set_recursive(true);
  if (with.ctes_size() > 0)
    *whole.mutable_with_clause() = std::move(with);
  const auto width = width_of(query);
  auto sql = fmt::format("SELECT * FROM ({}) AS o({})", to_sql(whole),
                         column_list("", width));
  auto columns = describe_("(" + sql + ")");
  return make_plan(opaque{std::move(sql), tables_in(whole), reason},
                   std::move(columns));
}

std::set<oid> planner::tables_in(const select_stmt& query) const {
  std::set<oid> tables;
  for_each_message(query, [&](const auto& message) {
    if (const auto* range = dynamic_cast<const pg_query::RangeVar*>(&message))
      if (const auto* relation = find(*range))
        tables.insert(relation->tables.begin(), relation->tables.end());
    return true;
  });
  return tables;
}

plan_ptr planner::level(const select_stmt& query, const domain* outer) {
  if (query.has_with_clause()) {
    if (outer != nullptr
        && !outer_references(query.with_clause(), outer->rows).empty())
      throw uncovered{"WITH that reads an outer query"};
    open_with(query.with_clause());
  }
  plan_ptr rows;
  if (query.op() != pg_query::SETOP_NONE)
    rows = set_operation(query, outer);
  else if (query.values_lists_size() > 0)
    throw uncovered{"VALUES"};
  else
    rows = select(query, outer);
  if (query.has_with_clause())
    with_.pop_back();
  return rows;
}

plan_ptr planner::select(const select_stmt& query, const domain* outer) {
  auto rows = from_and_where(query, outer);
  sorted_outputs outputs{query, outer == nullptr ? nodes{} : outer->references};
  auto& expressions = outputs.expressions;
  const bool sets
    = std::ranges::any_of(expressions, [&](const auto& expression) {
        return returns_set(expression, names_);
      });
  plan_ptr result;
  if (groups(query, names_)) {
    result = grouped(query, outer, std::move(rows), expressions);
  } else {
    for (auto& expression : expressions)
      expression = attached(rows, expression);
    result = rows.rows;
  }
  result = windows(std::move(result), outputs.outer(), expressions);
  result = projection(std::move(result), expressions);
  if (sets)
    result = make_plan(result->node, result->columns);
  if (query.distinct_clause_size() > 0)
    result = outputs.once.empty() ? once(std::move(result))
                                  : first_of_each(std::move(result), outputs);
  result = limited(query, std::move(result), outputs);
  if (result->columns.size() > outputs.width)
    result = columns_at(std::move(result), first_positions(outputs.width));
  return result;
}

/// `ties` read the rows too.
named_rows planner::from_and_where(const select_stmt& query,
                                   const domain* outer, const nodes& ties) {
  from_clause from;
  if (outer != nullptr)
    from.add(outer->rows);
  for (auto& condition :
       query.has_where_clause() ? conjuncts(query.where_clause()) : nodes{}) {
    if (has_subquery(condition))
      from.defer(std::move(condition));
    else
      from.add_condition(condition);
  }
  for (const auto& item : query.from_clause())
    add_item(from, item);
  if (from.size() == 0)
    from.add({make_plan(opaque{"SELECT", {}, "no FROM"}, {}), {}});
  for (auto& condition : from.take_deferred())
    if (!joined_in(from, condition))
      from.defer(std::move(condition));
  auto rest = query;
  rest.clear_from_clause();
  rest.clear_where_clause();
  column_uses uses;
  uses.add(rest);
  for (const auto* parts :
       {&from.deferred(), &ties, outer == nullptr ? &ties : &outer->references})
    for (const auto& part : *parts)
      uses.add(part);
  auto rows = from.join(&uses);
  if (from.has_unknown_names())
    throw uncovered{"a reference that is not a plain column"};
  for (const auto& condition : from.deferred())
    rows = restricted(std::move(rows), condition);
  return rows;
}

/// The columns of `rows` as PostgreSQL sees them.
std::vector<column> planner::described(const plan& rows) {
  try {
    return describe_(current(rows, recursing_));
  } catch (const std::exception& error) {
    const std::string_view message = error.what();
    throw uncovered{std::string{message.substr(0, message.find('\n'))}};
  }
}

plan_ptr planner::projection(plan_ptr rows, const nodes& expressions) {
  std::vector<std::string> outputs;
  for (const auto& expression : expressions)
    outputs.push_back(over_input(expression));
  auto columns = expressions.empty()
                   ? std::vector<column>{}
                   : described(plan{project{rows, outputs}, {}});
  std::map<std::size_t, std::size_t> carried; // input column -> output
  for (std::size_t i = 0; i < expressions.size(); ++i)
    if (const auto input = position_of(expressions[i])) {
      columns[i] = rows->columns[*input];
      carried.emplace(*input, i);
    }
  auto key = carried_key(rows->key, carried);
  return make_plan(project{std::move(rows), std::move(outputs)},
                   std::move(columns), std::move(key));
}

plan_ptr planner::once(plan_ptr rows) {
  auto columns = rows->columns;
  for (const auto& column : columns)
    if (column.eq == equality::none)
      throw uncovered{"DISTINCT over type " + column.type};
  return make_plan(distinct{std::move(rows)}, columns,
                   first_positions(columns.size()));
}

result<plan_ptr> build_plan(const pg_query::SelectStmt& query,
                            const query_facts& facts,
                            const describe_query& describe) {
  for (const auto& [name, relation] : facts.relations)
    if (relation.kind != 'r' && relation.kind != 'p' && relation.kind != 'v')
      return fail(errc::unsupported_query,
                  relation.name + ": its changes can't be captured",
                  "Use refresh_mode 'FULL', or read the tables behind it.");
  return with_shared_parts(planner{facts, describe}.build(query));
}

} // namespace pgtrickle
