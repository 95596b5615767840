// EXISTS, IN, ANY, ALL and their negations as conditions: semi and anti joins.

#include "services/query/correlation.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <algorithm>
#include <string>

namespace pgtrickle {

namespace {

using pg_query::Node;
using pg_query::SubLink;

/// The values of a row, or the one value.
std::vector<Node> values_of(const Node& expression) {
  if (!expression.has_row_expr())
    return {expression};
  return {expression.row_expr().args().begin(),
          expression.row_expr().args().end()};
}

std::string operator_of(const SubLink& link) {
  return link.oper_name_size() == 0
           ? "="
           : link.oper_name(link.oper_name_size() - 1).string().sval();
}

bool may_be_null(const Node& value, const named_rows& rows,
                 const named_rows& inner) {
  const auto at = position_of(value);
  const auto width = rows.rows->columns.size();
  if (!at)
    return !value.has_a_const() || value.a_const().isnull();
  return !(*at < width ? rows.rows->columns[*at]
                       : inner.rows->columns[*at - width])
            .not_null;
}

Node tested(Node condition, pg_query::BoolTestType type) {
  auto test = filled("$1 IS TRUE", {std::move(condition)});
  test.mutable_boolean_test()->set_booltesttype(type);
  return test;
}

} // namespace

Node comparison_of(const SubLink& link, const std::vector<Node>& right) {
  const auto left = values_of(link.testexpr());
  if (left.size() != right.size())
    throw uncovered{"a comparison of rows of different length"};
  if (left.size() > 1 && operator_of(link) != "=")
    throw uncovered{"a comparison of rows other than ="};
  std::optional<Node> all;
  for (std::size_t i = 0; i < left.size(); ++i) {
    auto part = filled("$1 = $2", {left[i], right[i]});
    if (link.oper_name_size() > 0)
      *part.mutable_a_expr()->mutable_name() = link.oper_name();
    all = all ? filled("$1 AND $2", {*all, part}) : part;
  }
  return *all;
}

/// What makes a row of the subquery count, over positions: any of these
/// conditions. x op ALL (…) holds if there is no row for which x op y is not
/// true; so a negated IN looks for a row for which x = y is not false, which a
/// null makes. Equality and nulls apart can be looked up; together they can't.
planner::nodes planner::half_conditions(const named_rows& rows,
                                        const named_rows& inner, SubLink link,
                                        const nodes& values, bool anti) {
  bool all = link.sub_link_type() == pg_query::ALL_SUBLINK;
  if (all && anti && operator_of(link) == "<>") {
    all = false;
    link.clear_oper_name();
  }
  const auto comparison = comparison_of(link, values);
  const auto unequal = filled("NOT $1", {comparison});
  if (!anti)
    return {all ? unequal : comparison};
  auto operands = values_of(link.testexpr());
  operands.insert(operands.end(), values.begin(), values.end());
  std::erase_if(operands, [&](const auto& value) {
    return !may_be_null(value, rows, inner);
  });
  if (operands.empty())
    return {all ? unequal : comparison};
  if (all || values.size() > 1 || operator_of(link) != "=")
    return {
      tested(comparison, all ? pg_query::IS_NOT_TRUE : pg_query::IS_NOT_FALSE)};
  nodes conditions{comparison};
  for (const auto& value : operands)
    conditions.push_back(filled("$1 IS NOT DISTINCT FROM NULL", {value}));
  return conditions;
}

named_rows planner::half_joined(named_rows rows, const SubLink& link,
                                bool negated) {
  const auto& query = link.subselect().select_stmt();
  if (has_outer_aggregate(query, rows, names_))
    throw uncovered{"an aggregate of an outer query in a subquery"};
  if (has_subquery(link.testexpr()))
    throw uncovered{"a subquery that is compared with a subquery"};
  const bool exists = link.sub_link_type() == pg_query::EXISTS_SUBLINK;
  const bool anti = negated != (link.sub_link_type() == pg_query::ALL_SUBLINK);
  const auto width = rows.rows->columns.size();
  nodes values;
  const auto inner = inner_rows(rows, query, exists ? nullptr : &values);
  std::vector<semi_join> joins{
    {nullptr, inner.rows.rows, inner.condition, anti, inner.equal}};
  if (!exists) {
    auto over_rows = link;
    *over_rows.mutable_testexpr() = attached(rows, link.testexpr());
    for (auto& value : values)
      value = moved(value, width);
    joins.clear();
    for (const auto& part : half_conditions(
           rows, inner.rows, std::move(over_rows), values, anti)) {
      auto equal = inner.equal;
      std::ranges::copy(equated(conjuncts(part), width),
                        std::back_inserter(equal));
      joins.push_back(
        {nullptr, inner.rows.rows,
         inner.condition + " AND (" + over_pair(part, width) + ")", anti,
         std::move(equal)});
    }
  }
  // Only an anti join has several: a row stays if none of them holds.
  const auto columns = rows.rows->columns;
  const auto key = rows.rows->key;
  for (auto& join : joins) {
    join.left = rows.rows;
    join.single = finds_one(*join.right, join.equal);
    rows.rows = make_plan(std::move(join), columns, key);
  }
  return rows;
}

/// Makes `condition` a leaf of `from` and an equality if that says the same: IN
/// over a subquery that has each row once and reads none of the rows around it.
bool planner::joined_in(from_clause& from, const node& condition) {
  if (!condition.has_sub_link())
    return false;
  const auto& link = condition.sub_link();
  if (link.sub_link_type() != pg_query::ANY_SUBLINK || operator_of(link) != "="
      || has_subquery(link.testexpr()) || from.reads(link.subselect()))
    return false;
  auto rows = build(link.subselect().select_stmt());
  if (rows->key.empty())
    return false;
  // A name that nobody can have given, as it is longer than an identifier.
  binding names{std::string(64, 'k') + std::to_string(from.size()), {}};
  nodes values;
  for (std::size_t i = 0; i < rows->columns.size(); ++i) {
    names.columns.emplace_back(column_name(i), i);
    values.push_back(reference_to(names.alias, column_name(i)));
  }
  from.add({std::move(rows), {std::move(names)}});
  from.add_condition(comparison_of(link, values));
  return true;
}

/// Without `values`, what the subquery gives makes no difference; otherwise
/// they are set to that.
planner::inner_side planner::inner_rows(const named_rows& rows,
                                        const select_stmt& query,
                                        nodes* values) {
  const auto width = rows.rows->columns.size();
  const auto tied
    = is_row_by_row(query, names_) ? untied(query, rows) : std::nullopt;
  if (tied) {
    auto asked = tied->inner;
    if (values == nullptr)
      asked.clear_target_list();
    auto inner = from_and_where(asked, nullptr, tied->ties);
    for (const auto& target : asked.target_list())
      values->push_back(attached(inner, target.res_target().val()));
    const named_rows both{nullptr,
                          side_by_side(rows.names, inner.names, width)};
    std::vector<std::string> parts{"true"};
    nodes ties;
    for (const auto& tie : tied->ties) {
      const auto over_both = both.resolved(tie);
      if (!over_both)
        throw uncovered{"a reference that is not a plain column"};
      parts.push_back("(" + over_pair(*over_both, width) + ")");
      ties.push_back(*over_both);
    }
    if (parts.size() > 1)
      parts.erase(parts.begin());
    return {std::move(inner), joined(parts, " AND "), equated(ties, width)};
  }
  for (auto at : first_positions(values == nullptr ? 0 : width_of(query)))
    values->push_back(position(at));
  const auto references = outer_references(query, rows);
  if (references.empty())
    return {{build(query), {}}, "true", {}};
  const auto outer = domain_of(rows, references);
  auto inner = level(query, &outer);
  const auto listed = inner->columns.size() - references.size();
  column_pairs same;
  for (std::size_t i = 0; i < references.size(); ++i)
    same.emplace_back(outer.outer[i], listed + i);
  auto condition = same_values(*rows.rows, *inner, same);
  auto equal = never_null(*rows.rows, *inner, same);
  return {{std::move(inner), {}}, std::move(condition), std::move(equal)};
}

} // namespace pgtrickle
