#include "services/query/select_shape.hpp"

#include "services/query/parse_tree.hpp"

#include <functional>

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

bool has_call(const pg_query::Node& expression,
              const std::function<bool(const pg_query::FuncCall&)>& sought) {
  bool found = false;
  for_each_message(expression, [&](const auto& message) {
    const auto* node = dynamic_cast<const pg_query::Node*>(&message);
    if (node != nullptr && node->has_func_call())
      found = found || sought(node->func_call());
    return !found && !(node != nullptr && node->has_select_stmt());
  });
  return found;
}

} // namespace

bool is_aggregate_call(const pg_query::Node& node,
                       const function_names& names) {
  return node.has_func_call() && !node.func_call().has_over()
         && names.aggregates.contains(called_name(node.func_call()));
}

bool is_windowed(const pg_query::Node& expression) {
  return has_call(expression, [](const auto& call) { return call.has_over(); });
}

bool returns_set(const pg_query::Node& expression,
                 const function_names& names) {
  return has_call(expression, [&](const auto& call) {
    return names.set_returning.contains(called_name(call));
  });
}

bool groups(const pg_query::SelectStmt& query, const function_names& names) {
  bool found = query.group_clause_size() > 0 || query.has_having_clause();
  for (const auto& target : query.target_list())
    for_each_message(target, [&](const auto& message) {
      const auto* node = dynamic_cast<const pg_query::Node*>(&message);
      found = found || (node != nullptr && is_aggregate_call(*node, names));
      return !found && !(node != nullptr && node->has_select_stmt());
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
