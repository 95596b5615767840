#include "services/query/from_clause.hpp"

#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

pg_query::Node column_reference(const std::string& qualifier,
                                const std::string& name) {
  pg_query::Node node;
  auto* reference = node.mutable_column_ref();
  reference->add_fields()->mutable_string()->set_sval(qualifier);
  reference->add_fields()->mutable_string()->set_sval(name);
  return node;
}

bool is_subset(const std::vector<bool>& part, const std::vector<bool>& whole) {
  for (std::size_t i = 0; i < part.size(); ++i)
    if (part[i] && !whole[i])
      return false;
  return true;
}

plan_ptr filter_of(plan_ptr input, std::string predicate) {
  auto columns = input->columns;
  auto key = input->key;
  return std::make_shared<const plan>(
    plan{filter{std::move(input), std::move(predicate)}, std::move(columns),
         std::move(key)});
}

plan_ptr join_of(plan_ptr left, plan_ptr right, std::string condition) {
  auto columns = left->columns;
  columns.insert(columns.end(), right->columns.begin(), right->columns.end());
  std::vector<std::size_t> key;
  if (!left->key.empty() && !right->key.empty()) {
    key = left->key;
    for (auto k : right->key)
      key.push_back(left->columns.size() + k);
  }
  return std::make_shared<const plan>(
    plan{inner_join{std::move(left), std::move(right), std::move(condition)},
         std::move(columns), std::move(key)});
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

bool from_clause::add_using(const std::string& name, std::size_t left_begin,
                            std::size_t right_begin, std::size_t right_end) {
  const auto owner = [&](std::size_t begin, std::size_t end) -> const leaf* {
    for (auto i = begin; i < end; ++i)
      if (std::ranges::count(leaves_[i].names, name) == 1)
        return &leaves_[i];
    return nullptr;
  };
  const auto* left = owner(left_begin, right_begin);
  const auto* right = owner(right_begin, right_end);
  if (left == nullptr || right == nullptr)
    return false;
  pg_query::Node node;
  auto* equals = node.mutable_a_expr();
  equals->set_kind(pg_query::AEXPR_OP);
  equals->add_name()->mutable_string()->set_sval("=");
  *equals->mutable_lexpr() = column_reference(left->alias, name);
  *equals->mutable_rexpr() = column_reference(right->alias, name);
  add_condition(node);
  return true;
}

std::optional<leaf_column>
from_clause::resolve(const pg_query::ColumnRef& reference) const {
  const auto fields = reference.fields_size();
  for (const auto& field : reference.fields())
    if (!field.has_string())
      return std::nullopt;
  if (fields < 1 || fields > 2)
    return std::nullopt;
  const auto& name = reference.fields(fields - 1).string().sval();
  std::optional<leaf_column> found;
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    if (fields == 2 && leaves_[i].alias != reference.fields(0).string().sval())
      continue;
    const auto& names = leaves_[i].names;
    const auto at = std::ranges::find(names, name);
    if (at == names.end())
      continue;
    if (found)
      return std::nullopt;
    found = leaf_column{i, static_cast<std::size_t>(at - names.begin())};
  }
  return found;
}

std::optional<std::string> from_clause::render(const pg_query::Node& expression,
                                               const place& where) const {
  auto copy = expression;
  bool known = true;
  for_each_node(copy, [&](pg_query::Node& node) {
    if (!node.has_column_ref())
      return true;
    if (const auto column = resolve(node.column_ref())) {
      const auto text = where(*column);
      const auto dot = text.find('.');
      node = column_reference(text.substr(0, dot), text.substr(dot + 1));
    } else {
      known = false;
    }
    return false;
  });
  if (!known)
    return std::nullopt;
  return to_sql(copy);
}

std::optional<std::vector<bool>>
from_clause::leaves_of(const pg_query::Node& expression) const {
  std::vector<bool> used(leaves_.size());
  const auto known = render(expression, [&](leaf_column column) {
    used[column.leaf] = true;
    return "i." + column_name(column.column);
  });
  if (!known)
    return std::nullopt;
  return used;
}

std::string from_clause::take_conditions(const std::vector<bool>& joined_leaves,
                                         const place& where) {
  std::vector<std::string> taken;
  for (auto& condition : conditions_) {
    if (condition.placed || !is_subset(condition.leaves, joined_leaves))
      continue;
    condition.placed = true;
    taken.push_back("(" + *render(condition.node, where) + ")");
  }
  return joined(taken, " AND ");
}

plan_ptr from_clause::filtered(std::size_t index) {
  std::vector<bool> only(leaves_.size());
  only[index] = true;
  auto predicate = take_conditions(
    only, [](leaf_column column) { return "i." + column_name(column.column); });
  auto rows = leaves_[index].rows;
  return predicate.empty() ? rows : filter_of(rows, std::move(predicate));
}

std::size_t
from_clause::next_leaf(const std::vector<bool>& joined_leaves) const {
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    if (joined_leaves[i])
      continue;
    auto with = joined_leaves;
    with[i] = true;
    for (const auto& condition : conditions_)
      if (!condition.placed && condition.leaves[i]
          && is_subset(condition.leaves, with))
        return i;
  }
  return static_cast<std::size_t>(std::ranges::find(joined_leaves, false)
                                  - joined_leaves.begin());
}

plan_ptr from_clause::join() {
  for (auto& condition : conditions_) {
    auto leaves = leaves_of(condition.node);
    if (!leaves)
      return nullptr;
    condition.leaves = std::move(*leaves);
  }
  std::vector<bool> done(leaves_.size());
  offsets_.assign(leaves_.size(), 0);
  done[0] = true;
  auto rows = filtered(0);
  for (std::size_t n = 1; n < leaves_.size(); ++n) {
    const auto next = next_leaf(done);
    auto right = filtered(next);
    offsets_[next] = rows->columns.size();
    done[next] = true;
    auto condition = take_conditions(done, [&](leaf_column column) {
      return column.leaf == next
               ? "r." + column_name(column.column)
               : "l." + column_name(offsets_[column.leaf] + column.column);
    });
    rows = join_of(std::move(rows), std::move(right),
                   condition.empty() ? "true" : std::move(condition));
  }
  return rows;
}

std::optional<std::string>
from_clause::expression(const pg_query::Node& node) const {
  return render(node, [&](leaf_column column) {
    return "i." + column_name(offsets_[column.leaf] + column.column);
  });
}

} // namespace pgtrickle
