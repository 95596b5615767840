#include "services/query/correlation.hpp"

#include "services/query/parse_tree.hpp"

#include <algorithm>
#include <array>

namespace pgtrickle {

using google::protobuf::Message;
using pg_query::Node;
using pg_query::SelectStmt;

namespace {

bool is_of(const pg_query::ColumnRef& reference, const named_rows& outer) {
  if (reference.fields_size() < 2 || !reference.fields(0).has_string())
    return false;
  const auto& alias = reference.fields(0).string().sval();
  return std::ranges::any_of(outer.names, [&](const auto& binding) {
    return !binding.alias.empty() && binding.alias == alias;
  });
}

/// How many references in `part` are to `outer`, and how many are not.
std::pair<int, int> references_in(const Message& part,
                                  const named_rows& outer) {
  std::pair<int, int> counted;
  for_each_message(part, [&](const auto& message) {
    if (const auto* reference
        = dynamic_cast<const pg_query::ColumnRef*>(&message))
      ++(is_of(*reference, outer) ? counted.first : counted.second);
    return true;
  });
  return counted;
}

bool reads_outer(const Message& part, const named_rows& outer) {
  return references_in(part, outer).first > 0;
}

} // namespace

std::vector<Node> outer_references(const Message& part,
                                   const named_rows& outer) {
  std::vector<Node> found;
  for_each_message(part, [&](const auto& message) {
    const auto* node = dynamic_cast<const Node*>(&message);
    if (node != nullptr && node->has_column_ref()
        && is_of(node->column_ref(), outer)
        && std::ranges::none_of(
          found, [&](const auto& known) { return same(known, *node); }))
      found.push_back(*node);
    return true;
  });
  return found;
}

std::vector<Node> conjuncts(const Node& condition) {
  if (!condition.has_bool_expr()
      || condition.bool_expr().boolop() != pg_query::AND_EXPR)
    return {condition};
  std::vector<Node> parts;
  for (const auto& part : condition.bool_expr().args())
    std::ranges::copy(conjuncts(part), std::back_inserter(parts));
  return parts;
}

bool has_subquery(const Message& part) {
  return contains<pg_query::SubLink>(part);
}

namespace {

bool is_simple(const SelectStmt& query) {
  return query.op() == pg_query::SETOP_NONE && query.values_lists_size() == 0
         && !query.has_with_clause() && query.group_clause_size() == 0
         && !query.has_having_clause() && query.distinct_clause_size() == 0
         && !query.has_limit_count() && !query.has_limit_offset()
         && query.window_clause_size() == 0 && query.from_clause_size() > 0;
}

} // namespace

bool is_row_by_row(const SelectStmt& query, const function_names& names) {
  return is_simple(query) && !groups(query, names)
         && std::ranges::none_of(query.target_list(), [&](const auto& target) {
              return is_windowed(target) || returns_set(target, names);
            });
}

bool is_one_group(const SelectStmt& query, const function_names& names) {
  return is_simple(query) && groups(query, names)
         && std::ranges::none_of(query.target_list(), [&](const auto& target) {
              return is_windowed(target) || returns_set(target, names);
            });
}

std::optional<tied_query> untied(const SelectStmt& query,
                                 const named_rows& outer) {
  tied_query result{query, {}};
  result.inner.clear_where_clause();
  if (reads_outer(result.inner, outer))
    return std::nullopt;
  if (!query.has_where_clause())
    return result;
  for (auto& condition : conjuncts(query.where_clause())) {
    if (!reads_outer(condition, outer))
      restrict(result.inner, std::move(condition));
    else if (has_subquery(condition))
      return std::nullopt;
    else
      result.ties.push_back(std::move(condition));
  }
  return result;
}

std::optional<equality_tie> equality_of(const Node& tie,
                                        const named_rows& outer) {
  if (!tie.has_a_expr() || tie.a_expr().kind() != pg_query::AEXPR_OP
      || tie.a_expr().name_size() != 1
      || tie.a_expr().name(0).string().sval() != "=")
    return std::nullopt;
  const auto& l = tie.a_expr().lexpr();
  const auto& r = tie.a_expr().rexpr();
  const auto [l_outer, l_inner] = references_in(l, outer);
  const auto [r_outer, r_inner] = references_in(r, outer);
  if (l_outer > 0 && l_inner == 0 && r_outer == 0 && r_inner > 0)
    return equality_tie{r, l};
  if (r_outer > 0 && r_inner == 0 && l_outer == 0 && l_inner > 0)
    return equality_tie{l, r};
  return std::nullopt;
}

bool has_outer_aggregate(const SelectStmt& query, const named_rows& outer,
                         const function_names& names) {
  bool found = false;
  for_each_message(query, [&](const auto& message) {
    const auto* node = dynamic_cast<const Node*>(&message);
    if (node != nullptr && is_aggregate_call(*node, names)) {
      const auto [of_outer, of_inner] = references_in(*node, outer);
      found = found || (of_outer > 0 && of_inner == 0);
    }
    return !found;
  });
  return found;
}

namespace {

/// Whether `expression` is null when the columns at or behind `from` are.
bool passes_nulls(const Node& expression, std::size_t from) {
  if (const auto at = position_of(expression))
    return *at >= from;
  if (expression.has_type_cast())
    return passes_nulls(expression.type_cast().arg(), from);
  if (!expression.has_a_expr()
      || expression.a_expr().kind() != pg_query::AEXPR_OP)
    return false;
  static constexpr std::array strict = {"+", "-", "*", "/", "%"};
  const auto& name = expression.a_expr().name(0).string().sval();
  return std::ranges::find(strict, name) != strict.end()
         && (passes_nulls(expression.a_expr().lexpr(), from)
             || passes_nulls(expression.a_expr().rexpr(), from));
}

} // namespace

bool rejects_nulls(const Node& condition, std::size_t from) {
  if (!condition.has_a_expr() || condition.a_expr().kind() != pg_query::AEXPR_OP
      || condition.a_expr().name_size() != 1)
    return false;
  static constexpr std::array comparisons = {"=", "<>", "<", "<=", ">", ">="};
  const auto& name = condition.a_expr().name(0).string().sval();
  return std::ranges::find(comparisons, name) != comparisons.end()
         && (passes_nulls(condition.a_expr().lexpr(), from)
             || passes_nulls(condition.a_expr().rexpr(), from));
}

Node filled(std::string_view pattern, const std::vector<Node>& arguments) {
  auto query = parse_select("SELECT " + std::string{pattern}).value();
  auto expression = query.target_list(0).res_target().val();
  for_each_node(expression, [&](Node& node) {
    if (!node.has_param_ref())
      return true;
    const auto number = static_cast<std::size_t>(node.param_ref().number());
    node = Node{arguments.at(number - 1)};
    return false;
  });
  return expression;
}

Node exists_of(const SelectStmt& query) {
  auto node = filled("EXISTS (SELECT)", {});
  *node.mutable_sub_link()->mutable_subselect()->mutable_select_stmt() = query;
  return node;
}

void select_only(SelectStmt& query, Node value) {
  query.clear_target_list();
  query.clear_sort_clause();
  *query.add_target_list()->mutable_res_target()->mutable_val()
    = std::move(value);
}

void restrict(SelectStmt& query, Node condition) {
  if (query.has_where_clause())
    condition = filled("$1 AND $2", {query.where_clause(), condition});
  *query.mutable_where_clause() = std::move(condition);
}

} // namespace pgtrickle
