// The rows of a plan, as SQL over the tables that it reads.

#include "services/query/plan.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

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
  std::string operator()(const inner_join& x) const { return pairs(x, "JOIN"); }
  std::string operator()(const outer_join& x) const {
    return pairs(x, x.keeps_left && x.keeps_right ? "FULL JOIN"
                    : x.keeps_left                ? "LEFT JOIN"
                                                  : "RIGHT JOIN");
  }
  std::string operator()(const semi_join& x) const {
    return fmt::format(
      "(SELECT * FROM {} l WHERE {}EXISTS (SELECT FROM {} r WHERE {}))",
      of(*x.left), x.anti ? "NOT " : "", of(*x.right), x.condition);
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
  std::string operator()(const window& x) const {
    const auto width = x.input->columns.size();
    auto outputs = column_references("i", width);
    for (std::size_t i = 0; i < x.calls.size(); ++i)
      outputs.push_back(
        fmt::format("{} AS {}", x.calls[i], column_name(width + i)));
    return fmt::format("(SELECT {} FROM {} i)", joined(outputs), of(*x.input));
  }
  std::string operator()(const top_rows& x) const {
    return fmt::format("(SELECT * FROM {} i ORDER BY {} LIMIT {} OFFSET {})",
                       of(*x.input), joined(x.order), x.count, x.offset);
  }
  std::string operator()(const lateral& x) const {
    const auto width = x.input->columns.size();
    auto outputs = column_references("i", width);
    for (std::size_t i = 0; i < x.columns.size(); ++i)
      outputs.push_back(
        fmt::format("f.{} AS {}", column_name(i), column_name(width + i)));
    return fmt::format("(SELECT {} FROM {} i {}JOIN LATERAL {} f ON true)",
                       joined(outputs), of(*x.input),
                       x.keeps_input ? "LEFT " : "", x.relation);
  }
  std::string operator()(const recursive& x) const {
    return fmt::format("(WITH RECURSIVE {0} AS (SELECT * FROM {1} b UNION {2}"
                       "SELECT * FROM {3} s) SELECT * FROM {0})",
                       std::get<recursion>(x.self->node).name, of(*x.base),
                       x.distinct ? "" : "ALL ", of(*x.step));
  }
  std::string operator()(const recursion& x) const {
    return "(SELECT * FROM " + x.name + ")";
  }
  std::string operator()(const opaque& x) const { return "(" + x.sql + ")"; }

private:
  template <class Join>
  std::string pairs(const Join& x, std::string_view join) const {
    const auto left = x.left->columns.size();
    std::vector<std::string> outputs;
    for (std::size_t i = 0; i < left; ++i)
      outputs.push_back("l." + column_name(i));
    for (std::size_t i = 0; i < x.right->columns.size(); ++i)
      outputs.push_back(
        fmt::format("r.{} AS {}", column_name(i), column_name(left + i)));
    return fmt::format("(SELECT {} FROM {} l {} {} r ON {})", joined(outputs),
                       of(*x.left), join, of(*x.right), x.condition);
  }
};

} // namespace

std::string current(const plan& plan, const stored_rows& stored) {
  const auto known = stored.find(&plan);
  return known != stored.end() ? known->second
                               : std::visit(current_rows{stored}, plan.node);
}

} // namespace pgtrickle
