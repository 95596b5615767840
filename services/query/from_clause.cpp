#include "services/query/from_clause.hpp"

#include "services/query/alternatives.hpp"
#include "services/query/correlation.hpp"
#include "services/query/harmlessness.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/selectivity.hpp"
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
  if (const auto parts = factored(node)) {
    for (const auto& part : *parts)
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

/// What share of a leaf's rows `node` is likely to leave.
double from_clause::share(std::size_t leaf, const pg_query::Node& node) const {
  return share_of(node, [&](const pg_query::ColumnRef& reference) {
    const auto* table = std::get_if<scan>(&leaves_[leaf].rows->node);
    const auto at = leaves_[leaf].find(reference);
    return table != nullptr && at ? table->columns.at(*at).distinct : 0.0;
  });
}

named_rows from_clause::filtered(std::size_t index) {
  std::vector<bool> only(leaves_.size());
  only[index] = true;
  auto leaf = leaves_[index];
  std::vector<std::string> predicates;
  double left = 1;
  bool harmless = true;
  for (const auto& condition : conditions_)
    if (condition.known && condition.leaves == only) {
      left *= share(index, condition.node);
      harmless = harmless && never_fails(condition.node);
    }
  for (const auto& condition : take_conditions(only, leaf))
    predicates.push_back("(" + over_input(condition) + ")");
  if (!predicates.empty())
    leaf.rows
      = filter_of(leaf.rows, joined(predicates, " AND "), left, harmless);
  return leaf;
}

/// Adds what conditions over several leaves demand of a single one.
void from_clause::imply() {
  std::vector<condition> found;
  for (const auto& whole : conditions_) {
    if (!whole.known || std::ranges::count(whole.leaves, true) < 2)
      continue;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      std::vector<bool> only(leaves_.size());
      only[i] = true;
      const auto part = implied(whole.node, [&](const pg_query::Node& node) {
        condition own{node, {}, false};
        resolve(own);
        return own.known && own.leaves == only;
      });
      if (part)
        found.push_back({*part, std::move(only), true});
    }
  }
  conditions_.insert(conditions_.end(), found.begin(), found.end());
}

join_order from_clause::order() const {
  std::vector<join_order::leaf> leaves;
  for (const auto& leaf : leaves_) {
    const auto size = size_of(*leaf.rows);
    leaves.push_back({size.rows, size.share, leaf.rows->key});
  }
  join_order order{std::move(leaves)};
  // A column and its leaf; nothing for any other expression.
  const auto column = [&](const pg_query::Node& node)
    -> std::optional<std::pair<std::size_t, std::size_t>> {
    if (node.has_column_ref())
      for (std::size_t i = 0; i < leaves_.size(); ++i)
        if (const auto at = leaves_[i].find(node.column_ref()))
          return std::pair{i, *at};
    return std::nullopt;
  };
  for (const auto& condition : conditions_) {
    if (!condition.known)
      continue;
    const auto count = std::ranges::count(condition.leaves, true);
    if (count == 1) {
      const auto leaf = static_cast<std::size_t>(
        std::ranges::find(condition.leaves, true) - condition.leaves.begin());
      order.select(leaf, share(leaf, condition.node));
    }
    if (count < 2)
      continue;
    order.connect(condition.leaves);
    if (!is_equality(condition.node))
      continue;
    const auto l = column(condition.node.a_expr().lexpr());
    const auto r = column(condition.node.a_expr().rexpr());
    if (l && r) {
      order.equate(l->first, l->second, r->first);
      order.equate(r->first, r->second, l->first);
    }
  }
  return order;
}

/// Rows that a join or a subquery's condition goes on from carry what is needed
/// yet. A table is read column by column anyway, and so is the result.
named_rows from_clause::narrowed(named_rows rows, const column_uses* uses,
                                 bool last) const {
  if (uses == nullptr || std::holds_alternative<scan>(rows.rows->node)
      || (last && deferred_.empty()))
    return rows;
  auto all = *uses;
  for (const auto& condition : conditions_)
    all.add(condition.node);
  return only(all, std::move(rows));
}

bool from_clause::reads(const pg_query::Node& item) const {
  return std::ranges::any_of(leaves_, [&](const auto& leaf) {
    return !outer_references(item, leaf).empty();
  });
}

const named_rows& from_clause::join(const column_uses* uses) {
  for (auto& condition : conditions_)
    resolve(condition);
  imply();
  const auto order = this->order();
  std::vector<bool> done(leaves_.size());
  const auto first = order.first();
  done[first] = true;
  auto all = narrowed(filtered(first), uses, leaves_.size() == 1);
  for (std::size_t n = 1; n < leaves_.size(); ++n) {
    const auto next = order.next(done);
    done[next] = true;
    auto right = narrowed(filtered(next), uses, false);
    const auto width = all.rows->columns.size();
    all.names = side_by_side(std::move(all.names), right.names, width);
    const auto conditions = take_conditions(done, all);
    all.rows = join_of(all.rows, right.rows, join_kind::inner, conditions);
    all = narrowed(std::move(all), uses, n + 1 == leaves_.size());
  }
  leaves_ = {std::move(all)};
  return leaves_.front();
}

} // namespace pgtrickle
