#include "services/query/harmlessness.hpp"

#include "services/query/parse_tree.hpp"

#include <algorithm>
#include <array>

namespace pgtrickle {

namespace {

using pg_query::Node;

/// PostgreSQL computes it before it looks at a row.
bool is_constant(const Node& node) {
  return !contains<pg_query::ColumnRef>(node)
         && !contains<pg_query::SubLink>(node);
}

/// A pattern that ends with an escape character fails.
bool is_plain_pattern(const Node& node) {
  bool plain = is_constant(node);
  for_each_message(node, [&](const auto& message) {
    const auto* text = dynamic_cast<const pg_query::String*>(&message);
    plain
      = plain
        && (text == nullptr || text->sval().find('\\') == std::string::npos);
    return plain;
  });
  return plain;
}

/// Operators of other schemas than pg_catalog are written with the schema.
bool is_harmless(const pg_query::A_Expr& comparison) {
  constexpr std::array comparisons{"=", "<>", "<", "<=", ">", ">="};
  if (comparison.name_size() != 1)
    return false;
  const auto& name = comparison.name(0).string().sval();
  const bool of_patterns = name == "~~" || name == "!~~";
  if (of_patterns ? comparison.kind() != pg_query::AEXPR_OP
                      || !is_plain_pattern(comparison.rexpr())
                  : std::ranges::find(comparisons, name) == comparisons.end())
    return false;
  switch (comparison.kind()) {
    case pg_query::AEXPR_OP:
    case pg_query::AEXPR_OP_ANY:
    case pg_query::AEXPR_OP_ALL:
      return never_fails(comparison.lexpr()) && never_fails(comparison.rexpr());
    default:
      return false;
  }
}

/// As text every value can be shown.
bool is_cast_to_text(const pg_query::TypeCast& cast) {
  const auto& names = cast.type_name().names();
  return cast.arg().has_column_ref() && !names.empty()
         && names[names.size() - 1].string().sval() == "text"
         && cast.type_name().array_bounds_size() == 0;
}

} // namespace

bool never_fails(const Node& condition) {
  if (condition.has_column_ref() || is_constant(condition))
    return true;
  if (condition.has_bool_expr())
    return std::ranges::all_of(condition.bool_expr().args(), never_fails);
  if (condition.has_null_test())
    return never_fails(condition.null_test().arg());
  if (condition.has_type_cast())
    return is_cast_to_text(condition.type_cast());
  return condition.has_a_expr() && is_harmless(condition.a_expr());
}

} // namespace pgtrickle
