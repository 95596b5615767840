// A plan as a reader sees it.

#include "services/query/plan.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

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
  std::string operator()(const outer_join& x) const {
    const auto* kind = x.keeps_left && x.keeps_right ? "full"
                       : x.keeps_left                ? "left"
                                                     : "right";
    return fmt::format("{} join on {}", kind, x.condition);
  }
  std::string operator()(const semi_join& x) const {
    return fmt::format("{} join on {}", x.anti ? "anti" : "semi", x.condition);
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
  std::string operator()(const window& x) const {
    std::vector<std::string> partition;
    for (auto i : x.partition)
      partition.push_back("i." + column_name(i));
    return fmt::format("window by [{}]: {}", joined(partition),
                       joined(x.calls));
  }
  std::string operator()(const top_rows& x) const {
    return fmt::format("first {} rows behind {} by {}", x.count, x.offset,
                       joined(x.order));
  }
  std::string operator()(const lateral& x) const {
    return fmt::format("{}lateral {}", x.keeps_input ? "left " : "",
                       x.relation);
  }
  std::string operator()(const recursive& x) const {
    return fmt::format("recursive {}", x.distinct ? "union" : "union all");
  }
  std::string operator()(const recursion&) const { return "recursion"; }
  std::string operator()(const opaque& x) const {
    if (x.tables.empty())
      return "constant " + x.sql;
    return fmt::format("opaque ({}): {}", x.reason, x.sql);
  }
};

void append_text(const plan& plan, std::size_t depth, std::string& text) {
  text
    += std::string(2 * depth, ' ') + std::visit(headline{}, plan.node) + "\n";
  for (const auto& input : inputs_of(plan))
    append_text(*input, depth + 1, text);
}

/// The headline without names. An opaque node keeps nothing but its rows.
std::string nameless_headline(const plan& plan) {
  if (const auto* leaf = std::get_if<scan>(&plan.node)) {
    auto text = fmt::format("scan {}:", leaf->table);
    for (const auto& column : leaf->columns)
      text += fmt::format(" {}", column.attnum);
    return text;
  }
  if (std::holds_alternative<opaque>(plan.node))
    return "opaque";
  return std::visit(headline{}, plan.node);
}

void append_shape(const plan& plan, std::string& text) {
  text += nameless_headline(plan);
  for (const auto& column : plan.columns)
    text += fmt::format("; {} {} {} {} {}", column.type, column.collation,
                        static_cast<int>(column.eq), column.indexable,
                        column.not_null);
  for (auto position : plan.key)
    text += fmt::format(" key {}", position);
  const auto inputs = inputs_of(plan);
  text += fmt::format("\n{} inputs\n", inputs.size());
  for (const auto& input : inputs)
    append_shape(*input, text);
}

} // namespace

std::string to_text(const plan& plan) {
  std::string text;
  append_text(plan, 0, text);
  return text;
}

std::string shape_of(const plan& plan) {
  std::string text;
  append_shape(plan, text);
  return text;
}

} // namespace pgtrickle
