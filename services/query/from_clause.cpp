#include "services/query/from_clause.hpp"

#include "services/query/correlation.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

bool is_subset(const std::vector<bool>& part, const std::vector<bool>& whole) {
  for (std::size_t i = 0; i < part.size(); ++i)
    if (part[i] && !whole[i])
      return false;
  return true;
}

/// How `rows` calls the column that USING calls `name`.
std::optional<pg_query::Node> using_column(const named_rows& rows,
                                           const std::string& name) {
  for (const auto merged : {true, false})
    for (const auto& binding : rows.names)
      if (binding.alias.empty() == merged
          && 1 == std::ranges::count(binding.columns, name, [](const auto& c) {
               return c.first;
             }))
        return reference_to(binding.alias, name);
  return std::nullopt;
}

} // namespace

void from_clause::add_condition(const pg_query::Node& node) {
  if (node.has_bool_expr() && node.bool_expr().boolop() == pg_query::AND_EXPR) {
    for (const auto& part : node.bool_expr().args())
      add_condition(part);
    return;
  }
  conditions_.push_back({node, {}, false});
}

bool from_clause::add_using(const std::string& name, std::size_t left,
                            std::size_t right) {
  const auto column = [&](std::size_t begin, std::size_t end) {
    std::optional<pg_query::Node> found;
    for (auto i = begin; i < end && !found; ++i)
      found = using_column(leaves_[i], name);
    return found;
  };
  const auto l = column(left, right);
  const auto r = column(right, leaves_.size());
  if (!l || !r)
    return false;
  pg_query::Node node;
  auto* equals = node.mutable_a_expr();
  equals->set_kind(pg_query::AEXPR_OP);
  equals->add_name()->mutable_string()->set_sval("=");
  *equals->mutable_lexpr() = *l;
  *equals->mutable_rexpr() = *r;
  add_condition(node);
  return true;
}

void from_clause::resolve(condition& condition) const {
  condition.leaves.assign(leaves_.size(), false);
  condition.known = true;
  for_each_message(condition.node, [&](const auto& message) {
    const auto* reference = dynamic_cast<const pg_query::ColumnRef*>(&message);
    if (reference == nullptr)
      return true;
    std::size_t owners = 0;
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].find(*reference)) {
        condition.leaves[i] = true;
        ++owners;
      }
    condition.known = condition.known && owners == 1;
    return false;
  });
}

std::vector<pg_query::Node>
from_clause::take_conditions(const std::vector<bool>& joined,
                             const named_rows& rows) {
  std::vector<pg_query::Node> taken;
  std::erase_if(conditions_, [&](const condition& condition) {
    if (!condition.known || !is_subset(condition.leaves, joined))
      return false;
    const auto over_rows = rows.resolved(condition.node);
    if (over_rows)
      taken.push_back(*over_rows);
    return over_rows.has_value();
  });
  return taken;
}

named_rows from_clause::filtered(std::size_t index) {
  std::vector<bool> only(leaves_.size());
  only[index] = true;
  auto leaf = leaves_[index];
  std::vector<std::string> predicates;
  for (const auto& condition : take_conditions(only, leaf))
    predicates.push_back("(" + over_input(condition) + ")");
  if (!predicates.empty())
    leaf.rows = filter_of(leaf.rows, joined(predicates, " AND "));
  return leaf;
}

std::size_t
from_clause::next_leaf(const std::vector<bool>& joined_leaves) const {
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    if (joined_leaves[i])
      continue;
    auto with = joined_leaves;
    with[i] = true;
    for (const auto& condition : conditions_)
      if (condition.known && condition.leaves[i]
          && is_subset(condition.leaves, with))
        return i;
  }
  return static_cast<std::size_t>(std::ranges::find(joined_leaves, false)
                                  - joined_leaves.begin());
}

bool from_clause::reads(const pg_query::Node& item) const {
  return std::ranges::any_of(leaves_, [&](const auto& leaf) {
    return !outer_references(item, leaf).empty();
  });
}

const named_rows& from_clause::join() {
  for (auto& condition : conditions_)
    resolve(condition);
  std::vector<bool> done(leaves_.size());
  done[0] = true;
  auto all = filtered(0);
  for (std::size_t n = 1; n < leaves_.size(); ++n) {
    const auto next = next_leaf(done);
    done[next] = true;
    auto right = filtered(next);
    const auto width = all.rows->columns.size();
    all.names = side_by_side(std::move(all.names), right.names, width);
    const auto conditions = take_conditions(done, all);
    all.rows = join_of(all.rows, right.rows, join_kind::inner, conditions);
  }
  leaves_ = {std::move(all)};
  return leaves_.front();
}

} // namespace pgtrickle
