// GROUPING SETS, ROLLUP and CUBE: a grouping for each set, in which the other
// keys are null.

#include "services/query/correlation.hpp"
#include "services/query/grouping_sets.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

bool holds(const std::vector<pg_query::Node>& set, const pg_query::Node& key) {
  return std::ranges::any_of(set, [&](const auto& k) { return same(k, key); });
}

/// The input of the grouping by `set`: the keys outside it are null.
plan_ptr input_of_set(const plan_ptr& input,
                      const std::vector<pg_query::Node>& keys,
                      const std::vector<pg_query::Node>& set) {
  auto columns = input->columns;
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i >= keys.size() || holds(set, keys[i])) {
      outputs.push_back("i." + column_name(i));
      continue;
    }
    columns[i].not_null = false;
    outputs.push_back("NULL::" + columns[i].type
                      + (columns[i].collation.empty()
                           ? ""
                           : " COLLATE " + columns[i].collation));
  }
  return make_plan(project{input, std::move(outputs)}, std::move(columns));
}

} // namespace

plan_ptr planner::union_of_sets(const named_rows& rows, const grouping& group,
                                std::vector<nodes> sets, const domain* outer,
                                nodes& expressions) {
  const auto input = grouping_input(rows, group);
  const auto calls = group.calls(input->columns);
  const auto& keys = group.key_expressions();
  const auto levels
    = take_grouping_calls(expressions, keys.size() + calls.size());
  std::vector<plan_ptr> arms;
  for (auto& set : sets) {
    const bool whole = set.empty();
    if (outer != nullptr) {
      if (whole)
        throw uncovered{"an empty grouping set of a correlated subquery"};
      set.insert(set.end(), outer->references.begin(), outer->references.end());
    }
    auto groups
      = aggregated(input_of_set(input, keys, set), keys.size(), calls);
    arms.push_back(with_levels(std::move(groups), group, set, levels, whole));
  }
  auto columns = arms.front()->columns;
  return all_of(std::move(arms), std::move(columns));
}

/// The groups of a set, and behind them what GROUPING gives for it. The whole
/// as one group has a row even if there are no rows.
plan_ptr planner::with_levels(plan_ptr groups, const grouping& group,
                              const nodes& set,
                              const std::vector<nodes>& levels, bool whole) {
  nodes outputs;
  const auto width = groups->columns.size();
  for (std::size_t i = 0; i < width; ++i)
    outputs.push_back(whole ? group_value(group, i, 0) : position(i));
  if (whole)
    groups = join_on_same(make_plan(opaque{"SELECT", {}, "no FROM"}, {}),
                          std::move(groups), join_kind::left, {});
  for (const auto& level : levels) {
    int value = 0;
    for (const auto& key : level)
      value = 2 * value + (holds(set, key) ? 0 : 1);
    outputs.push_back(filled(fmt::format("{}", value), {}));
  }
  return projection(std::move(groups), outputs);
}

} // namespace pgtrickle
