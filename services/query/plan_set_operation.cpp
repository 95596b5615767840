// UNION, INTERSECT, EXCEPT, each with and without ALL.

#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"
#include "services/query/window_clause.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

plan_ptr planner::set_operation(const select_stmt& query, const domain* outer) {
  const auto arm = [&](const select_stmt& part) {
    return outer == nullptr ? build(part) : level(part, outer);
  };
  std::vector<plan_ptr> arms{arm(query.larg()), arm(query.rarg())};
  const auto columns = described(plan{union_all{arms}, {}});
  for (auto& part : arms)
    part = cast_to(std::move(part), columns);
  plan_ptr rows;
  if (query.op() == pg_query::SETOP_UNION) {
    rows = all_of(std::move(arms), columns);
    if (!query.all())
      rows = once(std::move(rows));
  } else {
    rows = counted(arms[0], arms[1], query);
  }
  sorted_outputs outputs{query, {}};
  outputs.listed = width_of(query);
  outputs.width = rows->columns.size();
  return limited(query, std::move(rows), outputs);
}

plan_ptr planner::all_of(std::vector<plan_ptr> arms,
                         std::vector<column> columns) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    columns[i].not_null = std::ranges::all_of(
      arms, [&](const auto& arm) { return arm->columns[i].not_null; });
  return make_plan(union_all{std::move(arms)}, std::move(columns));
}

plan_ptr planner::cast_to(plan_ptr arm, const std::vector<column>& columns) {
  std::vector<std::string> outputs;
  bool differs = false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto name = "i." + column_name(i);
    const bool same = arm->columns[i].type == columns[i].type;
    differs = differs || !same;
    outputs.push_back(same ? name
                           : fmt::format("({})::{}", name, columns[i].type));
  }
  auto cast = columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    cast[i].not_null = arm->columns[i].not_null;
  if (!differs)
    return arm;
  return make_plan(project{std::move(arm), std::move(outputs)},
                   std::move(cast));
}

/// INTERSECT and EXCEPT: how many copies of a row there are follows from how
/// many each side has.
plan_ptr planner::counted(plan_ptr left, plan_ptr right,
                          const select_stmt& query) {
  auto columns = left->columns;
  const auto width = columns.size();
  for (std::size_t i = 0; i < width; ++i) {
    columns[i].not_null
      = left->columns[i].not_null && right->columns[i].not_null;
    if (columns[i].eq == equality::none)
      throw uncovered{"a set operation over type " + columns[i].type};
  }
  const column side{.type = "boolean",
                    .eq = equality::exact,
                    .indexable = true,
                    .not_null = true};
  const auto marked = [&](plan_ptr arm, bool is_left) {
    auto outputs = column_references("i", width);
    outputs.emplace_back(is_left ? "true" : "false");
    outputs.emplace_back(is_left ? "false" : "true");
    auto all = arm->columns;
    all.insert(all.end(), 2, side);
    return make_plan(project{std::move(arm), std::move(outputs)},
                     std::move(all));
  };
  const auto left_rows = marked(std::move(left), true);
  auto both
    = all_of({left_rows, marked(std::move(right), false)}, left_rows->columns);
  std::vector<aggregate_call> calls;
  for (auto at : {width, width + 1})
    calls.push_back(
      {.kind = aggregate_kind::count,
       .sql = fmt::format("count(*) FILTER (WHERE i.{})", column_name(at)),
       .condition = static_cast<int>(at)});
  auto groups = aggregated(std::move(both), width, std::move(calls));
  const auto l = "i." + column_name(width);
  const auto r = "i." + column_name(width + 1);
  const bool except = query.op() == pg_query::SETOP_EXCEPT;
  if (!query.all())
    return columns_at(
      filter_of(std::move(groups),
                fmt::format("{} > 0 AND {} {} 0", l, r, except ? "=" : ">")),
      first_positions(width));
  const auto copies = except ? fmt::format("{} - {}", l, r)
                             : fmt::format("least({}, {})", l, r);
  auto outputs = column_references("i", width);
  outputs.push_back(fmt::format("generate_series(1, {})", copies));
  auto all = groups->columns;
  all.resize(width);
  all.push_back({.type = "bigint", .eq = equality::exact, .indexable = true});
  return columns_at(
    make_plan(project{std::move(groups), std::move(outputs)}, std::move(all)),
    first_positions(width));
}

} // namespace pgtrickle
