#include "services/query/select_shape.hpp"

#include "services/query/parse_tree.hpp"

namespace pgtrickle {

function_names function_names_of(const query_facts& facts) {
  function_names names;
  for (const auto& f : facts.functions) {
    const auto name
      = f.schema == "pg_catalog" ? f.name : f.schema + "." + f.name;
    if (f.kind == 'a')
      names.aggregates.insert(name);
    if (f.returns_set)
      names.set_returning.insert(name);
  }
  return names;
}

namespace {

/// The function's name as `function_names` writes it.
std::string called_name(const pg_query::FuncCall& call) {
  const auto name = dotted(call.funcname());
  constexpr std::string_view builtin = "pg_catalog.";
  return name.starts_with(builtin) ? name.substr(builtin.size()) : name;
}

/// The first thing in an expression that no operator evaluates row by row.
std::optional<std::string> blocker(const google::protobuf::Message& expression,
                                   const function_names& names) {
  std::optional<std::string> found;
  for_each_message(expression, [&](const auto& message) {
    const auto* node = dynamic_cast<const pg_query::Node*>(&message);
    if (node == nullptr)
      return !found;
    if (node->has_sub_link())
      found = "subquery in an expression";
    else if (node->has_func_call() && node->func_call().has_over())
      found = "window function " + called_name(node->func_call());
    else if (node->has_func_call()
             && names.set_returning.contains(called_name(node->func_call())))
      found = "set-returning function " + called_name(node->func_call());
    else if (node->has_grouping_func())
      found = "GROUPING";
    return !found;
  });
  return found;
}

} // namespace

bool is_aggregate_call(const pg_query::Node& node,
                       const function_names& names) {
  return node.has_func_call() && !node.func_call().has_over()
         && names.aggregates.contains(called_name(node.func_call()));
}

std::optional<std::string> opaque_reason(const pg_query::SelectStmt& query,
                                         const function_names& names) {
  if (query.has_with_clause())
    return "WITH";
  if (query.op() == pg_query::SETOP_INTERSECT)
    return "INTERSECT";
  if (query.op() == pg_query::SETOP_EXCEPT)
    return "EXCEPT";
  if (query.has_limit_count() || query.has_limit_offset())
    return "LIMIT";
  if (query.op() != pg_query::SETOP_NONE)
    return std::nullopt;
  if (query.values_lists_size() > 0)
    return "VALUES";
  if (query.from_clause_size() == 0)
    return "no FROM";
  if (query.window_clause_size() > 0)
    return "WINDOW";
  if (query.distinct_clause_size() > 0
      && query.distinct_clause(0).node_case() != pg_query::Node::NODE_NOT_SET)
    return "DISTINCT ON";
  for (const auto& key : query.group_clause())
    if (key.has_grouping_set())
      return "GROUPING SETS";
  for (const auto& target : query.target_list())
    if (auto reason = blocker(target, names))
      return reason;
  for (const auto& key : query.group_clause())
    if (auto reason = blocker(key, names))
      return reason;
  if (auto reason = blocker(query.where_clause(), names))
    return reason;
  return blocker(query.having_clause(), names);
}

bool groups(const pg_query::SelectStmt& query, const function_names& names) {
  bool found = query.group_clause_size() > 0 || query.has_having_clause();
  for (const auto& target : query.target_list())
    for_each_message(target, [&](const auto& message) {
      const auto* node = dynamic_cast<const pg_query::Node*>(&message);
      found = found || (node != nullptr && is_aggregate_call(*node, names));
      return !found;
    });
  return found;
}

std::size_t width_of(const pg_query::SelectStmt& query) {
  if (query.op() != pg_query::SETOP_NONE)
    return width_of(query.larg());
  if (query.values_lists_size() > 0)
    return static_cast<std::size_t>(query.values_lists(0).list().items_size());
  return static_cast<std::size_t>(query.target_list_size());
}

} // namespace pgtrickle
