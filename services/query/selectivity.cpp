#include "services/query/selectivity.hpp"

#include <algorithm>
#include <string>

namespace pgtrickle {

namespace {

using pg_query::Node;

constexpr double of_one_value = 0.05; // if it is not known how many there are
constexpr double of_pattern = 0.1;
constexpr double of_range = 0.3;

double share_of_values(const Node& column, double count,
                       const distinct_values& distinct) {
  const auto values
    = column.has_column_ref() ? distinct(column.column_ref()) : 0;
  return std::min(1.0, count * (values > 0 ? 1 / values : of_one_value));
}

double share_of_comparison(const pg_query::A_Expr& comparison,
                           const distinct_values& distinct) {
  const auto name = comparison.name_size() == 1
                      ? comparison.name(0).string().sval()
                      : std::string{};
  if (name == "<>" || name == "!~~")
    return 1;
  if (name == "~~")
    return of_pattern;
  if (name != "=")
    return of_range;
  if (comparison.kind() == pg_query::AEXPR_OP_ANY)
    return share_of_values(
      comparison.lexpr(),
      std::max(1, comparison.rexpr().a_array_expr().elements_size()), distinct);
  return share_of_values(comparison.lexpr().has_column_ref()
                           ? comparison.lexpr()
                           : comparison.rexpr(),
                         1, distinct);
}

} // namespace

double share_of(const Node& condition, const distinct_values& distinct) {
  if (condition.has_a_expr())
    return share_of_comparison(condition.a_expr(), distinct);
  if (!condition.has_bool_expr())
    return of_range;
  const auto& parts = condition.bool_expr().args();
  double share = 0;
  switch (condition.bool_expr().boolop()) {
    case pg_query::OR_EXPR:
      for (const auto& part : parts)
        share += share_of(part, distinct);
      return std::min(1.0, share);
    case pg_query::AND_EXPR:
      share = 1;
      for (const auto& part : parts)
        share *= share_of(part, distinct);
      return share;
    default:
      return 1;
  }
}

} // namespace pgtrickle
