#include "services/query/shared_parts.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// Separates the parts of a description: no SQL has it.
constexpr std::string_view end = "\x1f";

std::string numbers(const std::vector<std::size_t>& all) {
  return fmt::format("{}", fmt::join(all, " "));
}

/// What a node does with its inputs; equal texts do the same.
struct description {
  std::string operator()(const scan& x) const {
    std::string text = fmt::format("{}", x.table);
    for (const auto& column : x.columns)
      text += fmt::format(" {}", column.attnum);
    return text;
  }
  std::string operator()(const filter& x) const { return x.predicate; }
  std::string operator()(const project& x) const {
    return joined(x.outputs, end);
  }
  std::string operator()(const inner_join& x) const { return x.condition; }
  std::string operator()(const outer_join& x) const {
    return fmt::format("{}{}{}{}", x.condition, end, x.keeps_left,
                       x.keeps_right);
  }
  std::string operator()(const semi_join& x) const {
    return fmt::format("{}{}{}", x.condition, end, x.anti);
  }
  std::string operator()(const aggregate& x) const {
    std::string text = fmt::format("{}", x.keys);
    for (const auto& call : x.calls)
      text += fmt::format("{}{} {}", end, call.sql, call.condition);
    return text;
  }
  std::string operator()(const distinct&) const { return {}; }
  std::string operator()(const union_all&) const { return {}; }
  std::string operator()(const window& x) const {
    return numbers(x.partition) + std::string{end} + joined(x.calls, end);
  }
  std::string operator()(const top_rows& x) const {
    return fmt::format("{} {} {}", x.count, x.offset, joined(x.order, end));
  }
  std::string operator()(const lateral& x) const {
    return fmt::format("{} {}", x.keeps_input, x.relation);
  }
  std::string operator()(const opaque& x) const { return x.sql; }
  // Never asked for.
  std::string operator()(const recursive&) const { return {}; }
  std::string operator()(const recursion&) const { return {}; }
};

class sharing {
public:
  plan_ptr of(const plan_ptr& part) {
    auto& result = done_[part.get()];
    if (!result)
      result = std::holds_alternative<recursive>(part->node)
                   || std::holds_alternative<recursion>(part->node)
                 ? part
                 : known(over_shared(*part));
    return result;
  }

private:
  plan_ptr over_shared(plan part) {
    std::visit(
      [&](auto& x) {
        if constexpr (requires { x.left; }) {
          x.left = of(x.left);
          x.right = of(x.right);
        } else if constexpr (requires { x.inputs; }) {
          for (auto& input : x.inputs)
            input = of(input);
        } else if constexpr (requires { x.input; }) {
          x.input = of(x.input);
        }
      },
      part.node);
    return std::make_shared<const plan>(std::move(part));
  }

  plan_ptr known(plan_ptr part) {
    auto text = fmt::format("{}{}{}{}{}", part->node.index(), end,
                            std::visit(description{}, part->node), end,
                            numbers(part->key));
    for (const auto& column : part->columns)
      text += fmt::format("{}{} {} {} {} {}", end, column.type,
                          column.collation, static_cast<int>(column.eq),
                          column.indexable, column.not_null);
    for (const auto& input : inputs_of(*part))
      text += fmt::format("{}{}", end, static_cast<const void*>(input.get()));
    return parts_.try_emplace(std::move(text), std::move(part)).first->second;
  }

  std::map<const plan*, plan_ptr> done_;
  std::map<std::string, plan_ptr> parts_;
};

} // namespace

plan_ptr with_shared_parts(const plan_ptr& root) { return sharing{}.of(root); }

} // namespace pgtrickle
