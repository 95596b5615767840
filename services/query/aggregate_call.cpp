#include "services/query/aggregate_call.hpp"

#include "services/query/named_rows.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

#include <algorithm>
#include <array>

namespace pgtrickle {

namespace {

pg_query::Node input_column(std::size_t index) {
  return reference_to("i", column_name(index));
}

std::optional<std::size_t> find_in(const std::vector<pg_query::Node>& nodes,
                                   const pg_query::Node& sought) {
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (same(nodes[i], sought))
      return i;
  return std::nullopt;
}

/// Integers and numeric: sums of them are exact, so they can be maintained.
bool is_exact_number(const std::string& type) {
  static constexpr std::array names = {"smallint", "integer", "bigint"};
  return std::ranges::find(names, type) != names.end() || is_numeric(type);
}

aggregate_kind kind_of(const std::string& name, const column* argument) {
  if (name == "count")
    return aggregate_kind::count;
  if (argument == nullptr)
    return aggregate_kind::recomputed;
  const bool number = is_exact_number(argument->type);
  if (name == "sum" && number)
    return aggregate_kind::sum;
  if (name == "avg" && number)
    return aggregate_kind::average;
  if ((name.starts_with("var") || name.starts_with("stddev")) && number)
    return aggregate_kind::variance;
  if (name == "bool_and" || name == "every")
    return aggregate_kind::boolean_and;
  if (name == "bool_or")
    return aggregate_kind::boolean_or;
  if (argument->eq == equality::none)
    return aggregate_kind::recomputed;
  if (name == "min")
    return aggregate_kind::minimum;
  if (name == "max")
    return aggregate_kind::maximum;
  return aggregate_kind::recomputed;
}

/// Whether the call's value depends on more than its argument's multiset.
bool is_plain(const pg_query::FuncCall& call) {
  return !call.agg_distinct() && call.agg_order_size() == 0
         && !call.agg_within_group() && !call.func_variadic()
         && call.args_size() <= 1;
}

/// Every expression that a call reads row by row, in a fixed order. The direct
/// arguments of an ordered-set aggregate are not: they are read once a group.
template <class Call, class Visit>
void for_each_operand(Call& call, Visit visit) {
  for (int i = 0; i < call.args_size() && !call.agg_within_group(); ++i) {
    if constexpr (std::is_const_v<Call>)
      visit(call.args(i));
    else
      visit(*call.mutable_args(i));
  }
  for (int i = 0; i < call.agg_order_size(); ++i) {
    if constexpr (std::is_const_v<Call>)
      visit(call.agg_order(i).sort_by().node());
    else
      visit(*call.mutable_agg_order(i)->mutable_sort_by()->mutable_node());
  }
  if (call.has_agg_filter()) {
    if constexpr (std::is_const_v<Call>)
      visit(call.agg_filter());
    else
      visit(*call.mutable_agg_filter());
  }
}

} // namespace

void grouping::add_key(const pg_query::Node& expression) {
  if (!key_position(expression))
    keys_.push_back(expression);
}

std::optional<std::size_t>
grouping::key_position(const pg_query::Node& expression) const {
  return find_in(keys_, expression);
}

std::size_t grouping::argument(const pg_query::Node& expression) {
  if (const auto known = find_in(arguments_, expression))
    return *known;
  arguments_.push_back(expression);
  return arguments_.size() - 1;
}

void grouping::collect(const pg_query::Node& expression) {
  auto copy = expression;
  for_each_node(copy, [&](pg_query::Node& node) {
    if (is_aggregate_call(node, names_)) {
      if (!find_in(calls_, node))
        calls_.push_back(node);
      const auto& call = node.func_call();
      for_each_operand(call,
                       [&](const auto& operand) { (void)argument(operand); });
      if (call.agg_within_group())
        for (const auto& direct : call.args())
          collect(direct);
      return false;
    }
    if (key_position(node) || node.has_select_stmt())
      return false;
    if (node.has_column_ref()) {
      keys_.push_back(node);
      return false;
    }
    return true;
  });
}

std::vector<pg_query::Node> grouping::inputs() const {
  auto all = keys_;
  all.insert(all.end(), arguments_.begin(), arguments_.end());
  return all;
}

std::vector<aggregate_call>
grouping::calls(const std::vector<column>& columns) const {
  std::vector<aggregate_call> result;
  const auto input_of = [&](const pg_query::Node& operand) {
    return keys_.size() + *find_in(arguments_, operand);
  };
  for (const auto& written : calls_) {
    auto copy = written;
    auto& call = *copy.mutable_func_call();
    aggregate_call entry;
    if (is_plain(call)) {
      if (call.args_size() == 1)
        entry.argument = static_cast<int>(input_of(call.args(0)));
      if (call.has_agg_filter())
        entry.condition = static_cast<int>(input_of(call.agg_filter()));
      const auto name = call.funcname(call.funcname_size() - 1).string().sval();
      const bool builtin = call.funcname_size() == 1
                           || call.funcname(0).string().sval() == "pg_catalog";
      if (builtin)
        entry.kind = kind_of(
          name, entry.argument < 0
                  ? nullptr
                  : &columns[static_cast<std::size_t>(entry.argument)]);
      entry.sample = !name.ends_with("_pop");
      entry.square_root = name.starts_with("stddev");
    }
    for_each_operand(call, [&](pg_query::Node& operand) {
      operand = input_column(input_of(operand));
    });
    if (call.agg_within_group())
      for (auto& direct : *call.mutable_args())
        direct = over_keys(direct);
    entry.sql = to_sql(copy);
    result.push_back(std::move(entry));
  }
  return result;
}

pg_query::Node grouping::over_keys(const pg_query::Node& expression) const {
  pg_query::Node root = expression;
  for_each_node(root, [&](pg_query::Node& node) {
    const auto key = key_position(node);
    if (key)
      node = input_column(*key);
    return !key;
  });
  return root;
}

pg_query::Node grouping::output(const pg_query::Node& expression) const {
  auto copy = expression;
  for_each_node(copy, [&](pg_query::Node& node) {
    if (is_aggregate_call(node, names_)) {
      node = position(keys_.size() + *find_in(calls_, node));
      return false;
    }
    if (const auto key = key_position(node)) {
      node = position(*key);
      return false;
    }
    return !node.has_select_stmt();
  });
  return copy;
}

bool grouping::counts(std::size_t index) const {
  const auto& call = calls_[index].func_call();
  const auto& name = call.funcname(call.funcname_size() - 1).string().sval();
  return name == "count" || name.starts_with("regr_count");
}

} // namespace pgtrickle
