// FROM: tables, views, joins, and what is evaluated for each row before it.

#include "services/query/correlation.hpp"
#include "services/query/from_item.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

const relation_facts* planner::find(const pg_query::RangeVar& range) const {
  const auto found
    = facts_.relations.find({range.schemaname(), range.relname()});
  return found == facts_.relations.end() ? nullptr : &found->second;
}

void planner::add_item(from_clause& from, const node& item) {
  if (item.has_join_expr()
      && item.join_expr().jointype() == pg_query::JOIN_INNER
      && !item.join_expr().has_alias()
      && !item.join_expr().has_join_using_alias()) {
    add_join(from, item.join_expr());
    return;
  }
  if (from.reads(item)) {
    if (item.has_join_expr()) {
      add_left_join(from, item.join_expr());
      return;
    }
    auto left = from.join();
    from.replace(applied(std::move(left), item, join_kind::inner, {}));
    return;
  }
  from.add(alone(item));
}

void planner::add_join(from_clause& from, const pg_query::JoinExpr& join) {
  const auto left = from.size();
  add_item(from, join.larg());
  const auto right = from.size();
  add_item(from, join.rarg());
  for (const auto& name : join.using_clause())
    if (!from.add_using(name.string().sval(), std::min(left, from.size() - 1),
                        std::min(right, from.size() - 1)))
      throw uncovered{"USING over a merged column"};
  if (!join.has_quals())
    return;
  for (auto& condition : conjuncts(join.quals())) {
    if (has_subquery(condition))
      from.defer(std::move(condition));
    else
      from.add_condition(condition);
  }
}

/// A LEFT JOIN that reads the rows before it goes on from them.
void planner::add_left_join(from_clause& from, const pg_query::JoinExpr& join) {
  if (join.jointype() != pg_query::JOIN_LEFT || join.has_alias()
      || join.using_clause_size() > 0)
    throw uncovered{"a join that reads the rows before it"};
  add_item(from, join.larg());
  const auto conditions = join.has_quals() ? conjuncts(join.quals()) : nodes{};
  if (has_subquery(join.quals()))
    throw uncovered{"subquery in the condition of an outer join"};
  auto left = from.join();
  from.replace(
    from.reads(join.rarg())
      ? applied(std::move(left), join.rarg(), join_kind::left, conditions)
      : joined_sides(join, std::move(left), alone(join.rarg()), join_kind::left,
                     conditions));
}

/// The rows of an item that reads none of those before it.
named_rows planner::alone(const node& item) {
  if (item.has_range_var())
    return relation(item.range_var());
  if (item.has_join_expr())
    return outer_joined(item.join_expr());
  if (!item.has_range_subselect() && !item.has_range_function())
    throw uncovered{"a FROM item that is neither table, subquery nor join"};
  const auto [query, names] = query_of_item(item);
  return {item.has_range_function() ? recomputed(query, "function in FROM")
                                    : build(query),
          {names}};
}

named_rows planner::relation(const pg_query::RangeVar& range) {
  const auto alias
    = range.has_alias() ? range.alias().aliasname() : range.relname();
  const auto& renamed = range.alias().colnames();
  const auto name_at = [&](std::size_t at, const std::string& name) {
    return static_cast<int>(at) < renamed.size()
             ? renamed[static_cast<int>(at)].string().sval()
             : name;
  };
  if (auto* common = common_table_of(range)) {
    auto rows = common_rows(*common);
    auto names = names_of_common(*common);
    for (std::size_t i = 0; i < names.size(); ++i)
      names[i] = name_at(i, names[i]);
    return {std::move(rows), {names_from(alias, names)}};
  }
  const auto* facts = find(range);
  if (facts == nullptr)
    throw uncovered{"relation " + range.relname() + " is not a table"};
  if (!range.inh())
    throw uncovered{"ONLY"};
  auto rows = relation_rows(*facts);
  std::vector<std::string> names;
  for (const auto& column : facts->columns)
    names.push_back(name_at(column.position, column.name));
  return {std::move(rows), {names_from(alias, names)}};
}

plan_ptr planner::relation_rows(const relation_facts& relation) {
  std::vector<column> columns;
  for (const auto& column : relation.columns)
    columns.push_back(column.facts);
  if (relation.kind == 'r' || relation.kind == 'p')
    return make_plan(
      scan{relation.id, relation.name, relation.columns, relation.rows},
      std::move(columns), relation.key);
  if (auto rows = view_rows(relation))
    return rows;
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < relation.columns.size(); ++i)
    outputs.push_back(fmt::format("{} AS {}", quoted(relation.columns[i].name),
                                  column_name(i)));
  return make_plan(
    opaque{fmt::format("SELECT {} FROM {}", joined(outputs), relation.name),
           relation.tables, "view " + relation.name},
    std::move(columns));
}

/// A view's rows by its definition, if the stream table's owner could have
/// written that himself.
plan_ptr planner::view_rows(const relation_facts& relation) {
  if (!relation.definition)
    return nullptr;
  auto& whole = views_[relation.id];
  if (!whole) {
    // Its names are its own.
    auto with = std::exchange(with_, {});
    whole = build(*relation.definition);
    with_ = std::move(with);
  }
  std::vector<std::size_t> used;
  for (const auto& column : relation.columns)
    used.push_back(column.position);
  return columns_at(whole, used);
}

/// LEFT, RIGHT and FULL JOIN, and joins that have a name.
named_rows planner::outer_joined(const pg_query::JoinExpr& join) {
  static const std::map<pg_query::JoinType, join_kind> kinds
    = {{pg_query::JOIN_INNER, join_kind::inner},
       {pg_query::JOIN_LEFT, join_kind::left},
       {pg_query::JOIN_RIGHT, join_kind::right},
       {pg_query::JOIN_FULL, join_kind::full}};
  const auto kind = kinds.at(join.jointype());
  const auto side = [&](const node& item) {
    from_clause from;
    add_item(from, item);
    auto rows = from.join();
    if (from.has_unknown_names())
      throw uncovered{"an outer join that reads the rows before it"};
    for (const auto& condition : from.deferred())
      rows = restricted(std::move(rows), condition);
    return rows;
  };
  auto left = side(join.larg());
  nodes conditions;
  if (join.has_quals())
    conditions = conjuncts(join.quals());
  if (std::ranges::any_of(conditions,
                          [](const auto& c) { return has_subquery(c); }))
    throw uncovered{"subquery in the condition of an outer join"};
  if (!outer_references(join.rarg(), left).empty())
    return applied(std::move(left), join.rarg(), kind, conditions);
  auto right = side(join.rarg());
  return joined_sides(join, std::move(left), std::move(right), kind,
                      conditions);
}

} // namespace pgtrickle
