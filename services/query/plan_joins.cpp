// Joins with two sides of their own: outer joins and lateral ones.

#include "services/query/correlation.hpp"
#include "services/query/from_item.hpp"
#include "services/query/harmlessness.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

using pg_query::Node;

/// The position of the column that USING merges.
std::size_t merged(const named_rows& side, const std::string& name) {
  const auto at = side.find(reference_to("", name).column_ref());
  if (!at)
    throw uncovered{"USING over a merged column"};
  return *at;
}

/// Drops what `name` meant among the merged columns: it means another one now.
void rename_merged(std::vector<binding>& names, const std::string& name) {
  for (auto& binding : names)
    if (binding.alias.empty())
      std::erase_if(binding.columns,
                    [&](const auto& column) { return column.first == name; });
}

/// `names` under the alias of the join, in which every column has one name.
std::vector<binding> under_alias(const std::vector<binding>& names,
                                 const std::string& alias) {
  binding all{alias, {}};
  for (const auto merged : {true, false})
    for (const auto& binding : names)
      for (const auto& column : binding.columns)
        if (binding.alias.empty() == merged
            && std::ranges::find(all.columns, column.first,
                                 &std::pair<std::string, std::size_t>::first)
                 == all.columns.end())
          all.columns.push_back(column);
  return {all};
}

/// The same where the alias has names for the columns. They go by position:
/// nothing may be missing, as columns are that the query does not read, nor
/// merged.
std::vector<binding> renamed(const std::vector<binding>& names,
                             const pg_query::Alias& alias) {
  binding all{alias.aliasname(), {}};
  for (const auto& binding : names) {
    if (binding.alias.empty())
      throw uncovered{"column aliases of a join that merges columns"};
    all.columns.insert(all.columns.end(), binding.columns.begin(),
                       binding.columns.end());
  }
  if (static_cast<int>(all.columns.size()) != alias.colnames_size())
    throw uncovered{"column aliases of a join with columns that are not read"};
  for (int i = 0; i < alias.colnames_size(); ++i)
    all.columns.at(static_cast<std::size_t>(i)).first
      = alias.colnames(i).string().sval();
  return {all};
}

struct sides {
  bool left = false;
  bool right = false;
};

sides read_by(Node expression, std::size_t width) {
  sides found;
  for_each_node(expression, [&](Node& part) {
    if (const auto at = position_of(part))
      (*at < width ? found.left : found.right) = true;
    return true;
  });
  return found;
}

/// Whether PostgreSQL can make a full join of it: it looks for an equality of
/// the sides. It takes other conditions where it finds that the join need not
/// be a full one, which the plan's joins do not show it.
bool may_be_full(const std::vector<Node>& conditions, std::size_t width) {
  return std::ranges::any_of(conditions, [&](const Node& condition) {
    const auto whole = read_by(condition, width);
    if (!whole.left && !whole.right)
      return conditions.size() == 1;
    const auto& comparison = condition.a_expr();
    if (comparison.kind() != pg_query::AEXPR_OP || comparison.name_size() != 1
        || comparison.name(0).string().sval() != "=")
      return false;
    const auto l = read_by(comparison.lexpr(), width);
    const auto r = read_by(comparison.rexpr(), width);
    return l.left != l.right && r.left != r.right && l.left != r.left;
  });
}

} // namespace

named_rows planner::joined_sides(const pg_query::JoinExpr& join,
                                 named_rows left, named_rows right,
                                 join_kind kind, const nodes& written) {
  const auto width = left.rows->columns.size();
  named_rows both{nullptr, side_by_side(left.names, right.names, width)};
  nodes conditions;
  for (const auto& condition : written) {
    auto over_both = both.resolved(condition);
    if (!over_both)
      throw uncovered{"a reference that is not a plain column"};
    // What a side that is not kept has to satisfy by itself, it can before.
    const auto read = read_by(*over_both, width);
    auto* own = read.right && !read.left && kind == join_kind::left ? &right
                : read.left && !read.right && kind == join_kind::right
                  ? &left
                  : nullptr;
    const auto over_own
      = own == nullptr ? std::nullopt : own->resolved(condition);
    if (over_own)
      own->rows = filter_of(own->rows, over_input(*over_own), filter{}.share,
                            never_fails(condition));
    else
      conditions.push_back(std::move(*over_both));
  }
  binding common{"", {}};
  nodes outputs;
  for (const auto& item : join.using_clause()) {
    const auto& name = item.string().sval();
    const auto l = position(merged(left, name));
    const auto r = position(merged(right, name) + width);
    conditions.push_back(filled("$1 = $2", {l, r}));
    rename_merged(both.names, name);
    common.columns.emplace_back(
      name, kind == join_kind::right ? *position_of(r) : *position_of(l));
    if (kind == join_kind::full) {
      common.columns.back().second
        = width + right.rows->columns.size() + outputs.size();
      outputs.push_back(filled("COALESCE($1, $2)", {l, r}));
    }
  }
  if (kind == join_kind::full && !may_be_full(conditions, width))
    throw uncovered{"FULL JOIN without an equality of its sides", true};
  both.rows = join_of(left.rows, right.rows, kind, conditions);
  if (!outputs.empty()) {
    nodes all;
    for (auto at : first_positions(both.rows->columns.size()))
      all.push_back(position(at));
    all.insert(all.end(), outputs.begin(), outputs.end());
    both.rows = projection(both.rows, all);
  }
  if (join.has_join_using_alias())
    both.names.push_back({join.join_using_alias().aliasname(), common.columns});
  if (!common.columns.empty())
    both.names.push_back(std::move(common));
  if (join.alias().colnames_size() > 0)
    both.names = renamed(both.names, join.alias());
  else if (join.has_alias())
    both.names = under_alias(both.names, join.alias().aliasname());
  return both;
}

/// Each row of `left` with the rows that `item` gives for it.
named_rows planner::applied(named_rows left, const node& item, join_kind kind,
                            const nodes& conditions) {
  if (kind != join_kind::inner && kind != join_kind::left)
    throw uncovered{"LATERAL in a join that keeps its right side"};
  auto [query, names] = query_of_item(item);
  nodes ties = conditions;
  std::erase_if(ties, [](const auto& tie) {
    return tie.has_a_const() && tie.a_const().boolval().boolval();
  });
  if (!contains<pg_query::RangeVar>(query) && ties.empty())
    return with_lateral(std::move(left), query, std::move(names),
                        kind == join_kind::left);
  const auto references = outer_references(query, left);
  const auto outer = domain_of(left, references);
  const auto rows = level(query, &outer);
  const auto width = left.rows->columns.size();
  const auto listed = rows->columns.size() - references.size();
  named_rows both{nullptr, side_by_side(left.names, {names}, width)};
  column_pairs same;
  for (std::size_t i = 0; i < references.size(); ++i)
    same.emplace_back(outer.outer[i], listed + i);
  auto condition = same_values(*left.rows, *rows, same);
  for (const auto& tie : ties) {
    const auto over_both = both.resolved(tie);
    if (!over_both)
      throw uncovered{"a reference that is not a plain column"};
    condition += " AND (" + over_pair(*over_both, width) + ")";
  }
  both.rows = join_with(left.rows, rows, kind, std::move(condition));
  return both;
}

/// A relation that reads no table is a function of the row before it.
named_rows planner::with_lateral(named_rows left, const select_stmt& query,
                                 binding names, bool keeps_left) {
  auto over_left = query;
  for_each_node(over_left, [&](Node& node) {
    if (!node.has_column_ref())
      return true;
    const auto& fields = node.column_ref().fields();
    const bool qualified = fields.size() == 2;
    if (const auto at = qualified ? left.find(node.column_ref()) : std::nullopt)
      node = reference_to("i", column_name(*at));
    return false;
  });
  const auto width = width_of(query);
  lateral node{left.rows,
               fmt::format("(SELECT * FROM ({}) AS f({}))", to_sql(over_left),
                           column_list("", width)),
               std::vector<column>(width), keeps_left};
  const auto all = described(plan{node, {}});
  const auto inputs = left.rows->columns.size();
  node.columns.assign(all.begin() + static_cast<long>(inputs), all.end());
  auto columns = left.rows->columns;
  columns.insert(columns.end(), node.columns.begin(), node.columns.end());
  return {make_plan(std::move(node), std::move(columns)),
          side_by_side(std::move(left.names), {std::move(names)}, inputs)};
}

/// The columns of `outer` that `references` name, under these names, and where
/// they stand; without rows yet.
planner::domain planner::named_domain(const named_rows& outer,
                                      const nodes& references) {
  domain result;
  result.references = references;
  for (const auto& reference : references) {
    const auto at = outer.find(reference.column_ref());
    if (!at)
      throw uncovered{"a reference that is not a plain column"};
    result.outer.push_back(*at);
    const auto& fields = reference.column_ref().fields();
    const auto& alias = fields[0].string().sval();
    auto known = std::ranges::find(result.rows.names, alias, &binding::alias);
    if (known == result.rows.names.end())
      known = result.rows.names.insert(known, {alias, {}});
    known->columns.emplace_back(fields[1].string().sval(),
                                result.outer.size() - 1);
  }
  return result;
}

/// A row of `outer` for each value of the columns that `references` name.
planner::domain planner::domain_of(const named_rows& outer,
                                   const nodes& references) {
  auto result = named_domain(outer, references);
  result.rows.rows = columns_at(outer.rows, result.outer);
  if (result.rows.rows->key.empty())
    result.rows.rows = once(result.rows.rows);
  return result;
}

} // namespace pgtrickle
