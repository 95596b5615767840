#include "services/differential/recursion_lookups.hpp"

#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace pgtrickle {

namespace {

/// Which column of the leaf each column of a node is, if it is one. Nothing:
/// the leaf is not below the node.
using origins = std::optional<std::vector<std::optional<std::size_t>>>;

/// The name in `node` if it is a column of `alias`.
std::optional<std::string> column_of(const pg_query::Node& node,
                                     std::string_view alias) {
  if (!node.has_column_ref() || node.column_ref().fields_size() != 2
      || node.column_ref().fields(0).string().sval() != alias)
    return std::nullopt;
  return node.column_ref().fields(1).string().sval();
}

bool mentions(const pg_query::Node& expression, std::string_view alias) {
  bool found = false;
  for_each_message(expression, [&](const auto& message) {
    if (const auto* node = dynamic_cast<const pg_query::Node*>(&message))
      found = found || column_of(*node, alias).has_value();
    return !found;
  });
  return found;
}

bool is_equality(const pg_query::Node& node) {
  if (!node.has_a_expr() || node.a_expr().kind() != pg_query::AEXPR_OP)
    return false;
  const auto& name = node.a_expr().name();
  return !name.empty() && name[name.size() - 1].string().sval() == "=";
}

/// Adds the columns of `alias` that `condition` sets equal to what is not of
/// `alias`.
void add_equated(const pg_query::Node& condition, std::string_view alias,
                 std::set<std::string>& names) {
  if (condition.has_bool_expr()
      && condition.bool_expr().boolop() == pg_query::AND_EXPR)
    for (const auto& part : condition.bool_expr().args())
      add_equated(part, alias, names);
  if (!is_equality(condition))
    return;
  const auto& left = condition.a_expr().lexpr();
  const auto& right = condition.a_expr().rexpr();
  if (auto name = column_of(left, alias); name && !mentions(right, alias))
    names.insert(*name);
  if (auto name = column_of(right, alias); name && !mentions(left, alias))
    names.insert(*name);
}

class descent {
public:
  explicit descent(const plan& self) : self_(self) {}

  origins of(const plan& node) {
    return std::visit([&](const auto& x) { return of_node(x, node); },
                      node.node);
  }

  std::vector<std::vector<std::size_t>> lookups;

private:
  origins of_node(const recursion&, const plan& node) {
    if (&node != &self_)
      return std::nullopt;
    origins all{std::in_place};
    for (std::size_t i = 0; i < node.columns.size(); ++i)
      all->push_back(i);
    return all;
  }

  origins of_node(const filter& x, const plan&) { return of(*x.input); }

  origins of_node(const project& x, const plan&) {
    const auto input = of(*x.input);
    if (!input)
      return std::nullopt;
    origins outputs{std::in_place, x.outputs.size()};
    for (std::size_t out = 0; out < x.outputs.size(); ++out)
      for (std::size_t in = 0; in < input->size(); ++in)
        if (x.outputs[out] == "i." + column_name(in))
          (*outputs)[out] = (*input)[in];
    return outputs;
  }

  origins of_node(const lateral& x, const plan& node) {
    auto input = of(*x.input);
    if (input)
      input->resize(node.columns.size());
    return input;
  }

  origins of_node(const semi_join& x, const plan&) {
    auto left = of(*x.left);
    if (left)
      look_up(x.condition, "l", *left);
    return left;
  }

  origins of_node(const inner_join& x, const plan& node) {
    return of_pairs(x, node);
  }
  origins of_node(const outer_join& x, const plan& node) {
    return of_pairs(x, node);
  }

  template <class Join>
  origins of_pairs(const Join& x, const plan& node) {
    if (auto left = of(*x.left)) {
      look_up(x.condition, "l", *left);
      left->resize(node.columns.size());
      return left;
    }
    auto right = of(*x.right);
    if (right) {
      look_up(x.condition, "r", *right);
      right->insert(right->begin(), x.left->columns.size(), std::nullopt);
    }
    return right;
  }

  template <class Other>
  origins of_node(const Other&, const plan&) {
    return std::nullopt;
  }

  void look_up(const std::string& condition, std::string_view alias,
               const std::vector<std::optional<std::size_t>>& side) {
    const auto parsed = parse_select("SELECT WHERE " + condition);
    if (!parsed)
      return;
    std::set<std::string> names;
    add_equated(parsed->where_clause(), alias, names);
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < side.size(); ++i)
      if (side[i] && names.contains(column_name(i))
          && self_.columns[*side[i]].indexable)
        columns.push_back(*side[i]);
    if (!columns.empty()
        && std::ranges::find(lookups, columns) == lookups.end())
      lookups.push_back(std::move(columns));
  }

  const plan& self_;
};

} // namespace

std::vector<std::vector<std::size_t>> recursion_lookups(const plan& step,
                                                        const plan& self) {
  descent down{self};
  (void)down.of(step);
  return std::move(down.lookups);
}

} // namespace pgtrickle
