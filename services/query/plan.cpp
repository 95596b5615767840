#include "services/query/plan.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

struct current_rows {
  const stored_rows& stored;

  std::string of(const plan& input) const { return current(input, stored); }

  std::string operator()(const scan& x) const {
    std::vector<std::string> outputs;
    for (std::size_t i = 0; i < x.columns.size(); ++i)
      outputs.push_back(
        fmt::format("{} AS {}", quoted(x.columns[i].name), column_name(i)));
    return fmt::format("(SELECT {} FROM {})", joined(outputs), x.name);
  }
  std::string operator()(const filter& x) const {
    return fmt::format("(SELECT * FROM {} i WHERE {})", of(*x.input),
                       x.predicate);
  }
  std::string operator()(const project& x) const {
    std::vector<std::string> outputs;
    for (std::size_t i = 0; i < x.outputs.size(); ++i)
      outputs.push_back(fmt::format("{} AS {}", x.outputs[i], column_name(i)));
    return fmt::format("(SELECT {} FROM {} i)", joined(outputs), of(*x.input));
  }
  std::string operator()(const inner_join& x) const {
    const auto left = x.left->columns.size();
    std::vector<std::string> outputs;
    for (std::size_t i = 0; i < left; ++i)
      outputs.push_back("l." + column_name(i));
    for (std::size_t i = 0; i < x.right->columns.size(); ++i)
      outputs.push_back(
        fmt::format("r.{} AS {}", column_name(i), column_name(left + i)));
    return fmt::format("(SELECT {} FROM {} l JOIN {} r ON {})", joined(outputs),
                       of(*x.left), of(*x.right), x.condition);
  }
  std::string operator()(const aggregate& x) const {
    std::vector<std::string> outputs;
    for (std::size_t i = 0; i < x.keys; ++i)
      outputs.push_back("i." + column_name(i));
    for (std::size_t i = 0; i < x.calls.size(); ++i)
      outputs.push_back(
        fmt::format("{} AS {}", x.calls[i].sql, column_name(x.keys + i)));
    auto sql
      = fmt::format("(SELECT {} FROM {} i", joined(outputs), of(*x.input));
    if (x.keys > 0)
      sql += " GROUP BY " + column_list("i", x.keys);
    return sql + ")";
  }
  std::string operator()(const distinct& x) const {
    return fmt::format("(SELECT DISTINCT * FROM {} i)", of(*x.input));
  }
  std::string operator()(const union_all& x) const {
    std::vector<std::string> arms;
    for (const auto& input : x.inputs)
      arms.push_back(fmt::format("SELECT * FROM {} i", of(*input)));
    return "(" + joined(arms, " UNION ALL ") + ")";
  }
  std::string operator()(const opaque& x) const { return "(" + x.sql + ")"; }
};

/// Calls `visit` with each direct input of `node`.
template <class Visit>
void for_each_input(const operation& node, Visit visit) {
  if (const auto* join = std::get_if<inner_join>(&node)) {
    visit(*join->left);
    visit(*join->right);
  } else if (const auto* all = std::get_if<union_all>(&node)) {
    for (const auto& input : all->inputs)
      visit(*input);
  } else {
    std::visit(
      [&](const auto& x) {
        if constexpr (requires { x.input; })
          visit(*x.input);
      },
      node);
  }
}

struct headline {
  std::string operator()(const scan& x) const { return "scan " + x.name; }
  std::string operator()(const filter& x) const {
    return "filter " + x.predicate;
  }
  std::string operator()(const project& x) const {
    return "project " + joined(x.outputs);
  }
  std::string operator()(const inner_join& x) const {
    return "inner join on " + x.condition;
  }
  std::string operator()(const aggregate& x) const {
    std::vector<std::string> calls;
    for (const auto& call : x.calls)
      calls.push_back(call.kind == aggregate_kind::recomputed
                        ? call.sql + " (touched groups recomputed)"
                        : call.sql);
    return fmt::format("aggregate by [{}]: {}", column_list("i", x.keys),
                       joined(calls));
  }
  std::string operator()(const distinct&) const { return "distinct"; }
  std::string operator()(const union_all&) const { return "union all"; }
  std::string operator()(const opaque& x) const {
    return fmt::format("opaque ({}): {}", x.reason, x.sql);
  }
};

void append_text(const plan& plan, std::size_t depth, std::string& text) {
  text
    += std::string(2 * depth, ' ') + std::visit(headline{}, plan.node) + "\n";
  for_each_input(plan.node, [&](const pgtrickle::plan& input) {
    append_text(input, depth + 1, text);
  });
}

} // namespace

std::string current(const plan& plan, const stored_rows& stored) {
  const auto known = stored.find(&plan);
  return known != stored.end() ? known->second
                               : std::visit(current_rows{stored}, plan.node);
}

std::set<oid> tables_of(const plan& plan) {
  std::set<oid> tables;
  if (const auto* leaf = std::get_if<scan>(&plan.node))
    tables.insert(leaf->table);
  if (const auto* leaf = std::get_if<opaque>(&plan.node))
    tables = leaf->tables;
  for_each_input(plan.node, [&](const pgtrickle::plan& input) {
    tables.merge(tables_of(input));
  });
  return tables;
}

std::map<oid, scan> scans_of(const plan& plan) {
  std::map<oid, scan> scans;
  if (const auto* leaf = std::get_if<scan>(&plan.node))
    scans.emplace(leaf->table, *leaf);
  for_each_input(plan.node, [&](const pgtrickle::plan& input) {
    scans.merge(scans_of(input));
  });
  return scans;
}

std::vector<std::string> opaque_reasons(const plan& plan) {
  std::vector<std::string> reasons;
  if (const auto* leaf = std::get_if<opaque>(&plan.node))
    reasons.push_back(leaf->reason);
  for_each_input(plan.node, [&](const pgtrickle::plan& input) {
    std::ranges::copy(opaque_reasons(input), std::back_inserter(reasons));
  });
  return reasons;
}

std::string to_text(const plan& plan) {
  std::string text;
  append_text(plan, 0, text);
  return text;
}

} // namespace pgtrickle
