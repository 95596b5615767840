// Subqueries in expressions: EXISTS, IN, ANY and ALL as conditions become half
// joins; every other one becomes a column that is joined to the rows.

#include "services/query/correlation.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgtrickle {

namespace {

using pg_query::Node;
using pg_query::SubLink;

/// A condition that is a subquery's alone, and whether it is negated.
std::optional<std::pair<const SubLink*, bool>>
half_join(const Node& condition) {
  if (condition.has_bool_expr()
      && condition.bool_expr().boolop() == pg_query::NOT_EXPR) {
    auto inner = half_join(condition.bool_expr().args(0));
    if (inner)
      inner->second = !inner->second;
    return inner;
  }
  if (!condition.has_sub_link())
    return std::nullopt;
  const auto type = condition.sub_link().sub_link_type();
  if (type != pg_query::EXISTS_SUBLINK && type != pg_query::ANY_SUBLINK
      && type != pg_query::ALL_SUBLINK)
    return std::nullopt;
  return std::pair{&condition.sub_link(), false};
}

/// Where `predicate`, over a pair, asks which of a column of `left` and one of
/// `right` is less: these columns.
std::optional<std::pair<std::size_t, std::size_t>>
sides_in_order(const Node& predicate, const plan& left, const plan& right) {
  constexpr std::array orders{"<", "<=", ">", ">="};
  const auto& comparison = predicate.a_expr();
  if (comparison.kind() != pg_query::AEXPR_OP || comparison.name_size() != 1
      || std::ranges::find(orders, comparison.name(0).string().sval())
           == orders.end())
    return std::nullopt;
  auto l = position_of(comparison.lexpr());
  auto r = position_of(comparison.rexpr());
  if (!l || !r)
    return std::nullopt;
  if (*l > *r)
    std::swap(l, r);
  const auto width = left.columns.size();
  if (*l >= width || *r < width)
    return std::nullopt;
  const auto& type = right.columns[*r - width];
  if ((!type.indexable && !is_numeric(type.type))
      || type.collation != left.columns[*l].collation)
    return std::nullopt;
  return std::pair{*l, *r - width};
}

} // namespace

named_rows planner::restricted(named_rows rows, const node& condition) {
  if (!has_subquery(condition)) {
    const auto over_rows = rows.resolved(condition);
    if (!over_rows)
      throw uncovered{"a reference that is not a plain column"};
    rows.rows = filter_of(rows.rows, over_input(*over_rows));
    return rows;
  }
  if (const auto half = half_join(condition))
    return half_joined(std::move(rows), *half->first, half->second);
  const auto before = rows.rows;
  const auto predicate = attached(rows, condition);
  rows.rows = filtered_join(before, rows.rows, predicate);
  return rows;
}

/// The rows of `joined` that satisfy `predicate`. If `joined` is but one join
/// of the rows `before` with the values of a subquery, of which each row finds
/// one at most: those rows for which there is one that satisfies it. The value
/// need not be kept then.
plan_ptr planner::filtered_join(const plan_ptr& before, const plan_ptr& joined,
                                const node& predicate) {
  const auto width = before->columns.size();
  const auto with = [&](const auto& join, column_pairs equal) {
    return make_plan(
      semi_join{join.left, join.right,
                join.condition + " AND (" + over_pair(predicate, width) + ")",
                false, std::move(equal), true,
                join.condition == "true"
                  ? sides_in_order(predicate, *join.left, *join.right)
                  : std::nullopt},
      before->columns, before->key);
  };
  if (const auto* join = std::get_if<inner_join>(&joined->node);
      join != nullptr && join->left == before)
    return with(*join, {});
  if (const auto* join = std::get_if<outer_join>(&joined->node);
      join != nullptr && join->left == before
      && rejects_nulls(predicate, width))
    return with(*join, join->equal);
  return filter_of(joined, over_input(predicate));
}

planner::node planner::attached(named_rows& rows, const node& expression) {
  auto copy = expression;
  for_each_node(copy, [&](node& part) {
    if (part.has_sub_link()) {
      const auto link = part.sub_link();
      part = value_of(rows, link);
      return false;
    }
    if (!part.has_column_ref())
      return true;
    const auto at = rows.find(part.column_ref());
    if (!at)
      throw uncovered{"a reference that is not a plain column"};
    part = position(*at);
    return false;
  });
  return copy;
}

/// The value of a subquery as an expression over `rows`, to which it is joined.
planner::node planner::value_of(named_rows& rows, const SubLink& link) {
  auto query = link.subselect().select_stmt();
  if (has_outer_aggregate(query, rows, names_))
    throw uncovered{"an aggregate of an outer query in a subquery"};
  switch (link.sub_link_type()) {
    case pg_query::EXPR_SUBLINK:
      return scalar(rows, query);
    case pg_query::EXISTS_SUBLINK:
      return filled("$1 > 0", {scalar(rows, counting(std::move(query)))});
    case pg_query::ARRAY_SUBLINK:
      return filled("COALESCE($1, '{}')",
                    {scalar(rows, collecting(std::move(query)))});
    case pg_query::ANY_SUBLINK:
    case pg_query::ALL_SUBLINK:
      return attached(rows, written_out(with_named_operand(rows, link)));
    default:
      throw uncovered{"a comparison of rows with a subquery"};
  }
}

/// What is compared with the subquery moves into it, where a position would
/// mean another column: positions become columns of an alias that nobody can
/// have given, as it is longer than an identifier.
pg_query::SubLink planner::with_named_operand(named_rows& rows, SubLink link) {
  static const std::string alias(64, 'o');
  for_each_node(*link.mutable_testexpr(), [&](node& part) {
    const auto at = position_of(part);
    if (at) {
      part = reference_to(alias, column_name(*at));
      if (!rows.find(part.column_ref()))
        rows.names.push_back({alias, {{column_name(*at), *at}}});
    }
    return !at;
  });
  return link;
}

/// SELECT count(*) of what `query` gives.
planner::select_stmt planner::counting(select_stmt query) {
  if (is_row_by_row(query, names_)) {
    select_only(query, filled("count(*)", {}));
    return query;
  }
  auto outer = parse_select("SELECT count(*) FROM (SELECT) counted").value();
  *outer.mutable_from_clause(0)
     ->mutable_range_subselect()
     ->mutable_subquery()
     ->mutable_select_stmt()
    = std::move(query);
  return outer;
}

/// SELECT array_agg(…) of the one column that `query` gives.
planner::select_stmt planner::collecting(select_stmt query) {
  if (!is_row_by_row(query, names_))
    throw uncovered{"ARRAY over a subquery that is not row by row"};
  auto call
    = filled("array_agg($1)", {query.target_list(0).res_target().val()});
  *call.mutable_func_call()->mutable_agg_order() = query.sort_clause();
  select_only(query, std::move(call));
  return query;
}

/// x op ANY (…) in terms of EXISTS: true if one comparison is, else unknown if
/// one comparison is, else false; ALL is its mirror image.
planner::node planner::written_out(const SubLink& link) {
  const auto& query = link.subselect().select_stmt();
  if (!is_row_by_row(query, names_))
    throw uncovered{"IN under OR over a subquery that is not row by row"};
  nodes values;
  for (const auto& target : query.target_list())
    values.push_back(target.res_target().val());
  const auto comparison = comparison_of(link, values);
  const bool all = link.sub_link_type() == pg_query::ALL_SUBLINK;
  const auto exists = [&](const node& condition) {
    auto copy = query;
    restrict(copy, condition);
    return exists_of(copy);
  };
  return filled(all ? "CASE WHEN $1 THEN false WHEN $2 THEN NULL ELSE true END"
                    : "CASE WHEN $1 THEN true WHEN $2 THEN NULL ELSE false END",
                {exists(all ? filled("NOT $1", {comparison}) : comparison),
                 exists(filled("($1) IS NULL", {comparison}))});
}

} // namespace pgtrickle
