// WITH: common tables, read once or more often; recursion.

#include "services/query/from_item.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// How often `plan` reads the leaf `self`.
std::size_t readings(const plan_ptr& plan, const plan_ptr& self) {
  if (plan == self)
    return 1;
  std::size_t count = 0;
  for (const auto& input : inputs_of(*plan))
    count += readings(input, self);
  return count;
}

/// Whether what `plan` gives for more rows of `self` is what it gave for the
/// old ones and what it gives for the new ones.
bool is_linear_in(const plan_ptr& plan, const plan_ptr& self) {
  if (plan == self || readings(plan, self) == 0)
    return true;
  const auto& node = plan->node;
  if (const auto* join = std::get_if<outer_join>(&node)) {
    const bool left = readings(join->right, self) == 0;
    return left ? join->keeps_left && !join->keeps_right
                    && is_linear_in(join->left, self)
                : join->keeps_right && !join->keeps_left
                    && is_linear_in(join->right, self);
  }
  if (const auto* join = std::get_if<semi_join>(&node))
    return readings(join->right, self) == 0 && is_linear_in(join->left, self);
  if (!std::holds_alternative<filter>(node)
      && !std::holds_alternative<project>(node)
      && !std::holds_alternative<inner_join>(node)
      && !std::holds_alternative<lateral>(node))
    return false;
  return std::ranges::all_of(inputs_of(*plan), [&](const auto& input) {
    return is_linear_in(input, self);
  });
}

std::string empty_rows(const std::vector<column>& columns) {
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < columns.size(); ++i)
    outputs.push_back(fmt::format(
      "NULL::{}{} AS {}", columns[i].type,
      columns[i].collation.empty() ? "" : " COLLATE " + columns[i].collation,
      column_name(i)));
  return "(SELECT " + joined(outputs) + " WHERE false)";
}

} // namespace

bool planner::reads(const select_stmt& query, const std::string& name) {
  bool found = false;
  for_each_message(query, [&](const auto& message) {
    const auto* range = dynamic_cast<const pg_query::RangeVar*>(&message);
    found = found
            || (range != nullptr && range->schemaname().empty()
                && range->relname() == name);
    return !found;
  });
  return found;
}

void planner::open_with(const pg_query::WithClause& with) {
  std::vector<common_table> tables;
  for (const auto& item : with.ctes())
    tables.push_back({item.common_table_expr(), nullptr, nullptr});
  with_.push_back(std::move(tables));
}

planner::common_table*
planner::common_table_of(const pg_query::RangeVar& range) {
  if (!range.schemaname().empty())
    return nullptr;
  for (auto scope = with_.rbegin(); scope != with_.rend(); ++scope)
    for (auto& table : *scope)
      if (table.definition.ctename() == range.relname())
        return &table;
  return nullptr;
}

std::vector<std::string> planner::names_of_common(const common_table& table) {
  pg_query::Alias alias;
  *alias.mutable_colnames() = table.definition.aliascolnames();
  return names_of(table.definition.ctequery().select_stmt(), alias);
}

/// While it lives, a common table's query sees the scopes that it may see.
class planner::scopes_above {
public:
  scopes_above(std::vector<std::vector<common_table>>& all,
               const common_table& table)
    : all_(all) {
    const auto own = std::ranges::find_if(all, [&](const auto& scope) {
      return !scope.empty() && &table >= &scope.front()
             && &table <= &scope.back();
    });
    hidden_.assign(std::make_move_iterator(own + 1),
                   std::make_move_iterator(all.end()));
    all_.erase(own + 1, all_.end());
    seen_ = all_.size();
  }
  ~scopes_above() {
    all_.resize(seen_);
    std::ranges::move(hidden_, std::back_inserter(all_));
  }
  scopes_above(const scopes_above&) = delete;
  scopes_above& operator=(const scopes_above&) = delete;

private:
  std::vector<std::vector<common_table>>& all_;
  std::vector<std::vector<common_table>> hidden_;
  std::size_t seen_ = 0;
};

plan_ptr planner::common_rows(common_table& table) {
  if (table.self)
    return table.self;
  if (table.rows)
    return table.rows;
  const scopes_above scopes{with_, table};
  const auto& query = table.definition.ctequery().select_stmt();
  table.rows = reads(query, table.definition.ctename()) ? recursion_of(table)
                                                        : build(query);
  return table.rows;
}

plan_ptr planner::recursion_of(common_table& table) {
  const auto& query = table.definition.ctequery().select_stmt();
  if (query.op() != pg_query::SETOP_UNION || query.has_with_clause()
      || query.sort_clause_size() > 0 || query.has_limit_count()
      || query.has_limit_offset() || table.definition.has_search_clause()
      || table.definition.has_cycle_clause())
    throw uncovered{"WITH RECURSIVE of this form"};
  const auto base = build(query.larg());
  auto columns = base->columns;
  for (auto& column : columns)
    column.not_null = false;
  table.self = make_plan(
    recursion{fmt::format("pgt_recursion_{}", ++recursions_)}, columns);
  recursing_[table.self.get()] = empty_rows(columns);
  plan_ptr step;
  try {
    step = cast_to(level(query.rarg(), nullptr), columns);
  } catch (const uncovered&) {
    recursing_.erase(std::exchange(table.self, nullptr).get());
    throw;
  }
  const auto self = std::exchange(table.self, nullptr);
  recursing_.erase(self.get());
  if (readings(step, self) != 1 || !is_linear_in(step, self))
    throw uncovered{"recursion through more than joins"};
  if (query.all())
    return make_plan(recursive{base, step, self, false}, columns);
  for (const auto& column : columns)
    if (column.eq == equality::none)
      throw uncovered{"UNION over type " + column.type};
  return make_plan(recursive{base, step, self, true}, columns,
                   first_positions(columns.size()));
}

} // namespace pgtrickle
