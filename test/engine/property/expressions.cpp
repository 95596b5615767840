#include "test/engine/property/expressions.hpp"

#include <fmt/format.h>

namespace pgtrickle::test {

std::string expressions::column(sql_type type) {
  std::vector<std::string> fitting;
  for (const auto& reference : scope_)
    if (reference.type == type)
      fitting.push_back(reference.text);
  return fitting.empty() ? std::string{} : random_.pick(fitting);
}

reference expressions::any_column() {
  return scope_.empty() ? reference{"3", sql_type::integer}
                        : random_.pick(scope_);
}

sql_type expressions::common_type() {
  const auto type = any_column().type;
  return type == sql_type::json || random_.chance(15)
           ? random_type(random_, false)
           : type;
}

std::string expressions::of(sql_type type, int depth) {
  if (subqueries_ != nullptr && depth > 0 && random_.chance(4))
    if (auto value = subqueries_->value(type, scope_); !value.empty())
      return value;
  if (depth > 0 && random_.chance(45))
    return derived(type, depth - 1);
  auto text = column(type);
  if (text.empty() || random_.chance(5))
    text = type == sql_type::text && random_.chance(50)
             ? "'z'::text"
             : fmt::format("({})::{}", random_literal(random_, type),
                           name_of(type));
  return text;
}

std::string expressions::derived(sql_type type, int depth) {
  if (type != sql_type::json && random_.chance(25))
    return fmt::format("coalesce({}, {})", of(type, depth),
                       random_literal(random_, type));
  if (random_.chance(25))
    return fmt::format("CASE WHEN {} THEN {} ELSE {} END", condition(depth),
                       of(type, depth), of(type, depth));
  switch (type) {
    case sql_type::integer:
    case sql_type::bigint:
    case sql_type::numeric:
    case sql_type::float8:
      return number_of(type, depth);
    case sql_type::text:
      return text_of(depth);
    case sql_type::date:
      return fmt::format("({} + {})", of(type, depth), random_.between(0, 3));
    case sql_type::timestamptz:
      return random_.chance(50)
               ? fmt::format("({} + interval '90 minutes')", of(type, depth))
               : fmt::format("date_trunc('day', {}, 'UTC')", of(type, depth));
    case sql_type::boolean:
      return "(" + condition(depth) + ")";
    case sql_type::json:
      return of(type, 0);
    case sql_type::integers:
      return fmt::format("ARRAY[{}, {}]", of(sql_type::integer, depth),
                         of(sql_type::integer, depth));
  }
  return of(type, 0);
}

std::string expressions::number_of(sql_type type, int depth) {
  if (type == sql_type::integer) {
    switch (random_.between(0, 3)) {
      case 0:
        return fmt::format("length({})", of(sql_type::text, depth));
      case 1:
        return fmt::format("({} % 4)", of(type, depth));
      case 2:
        return fmt::format("extract(day FROM {})::integer",
                           of(sql_type::date, depth));
      default:
        return fmt::format("({} + {})", of(type, depth), of(type, depth));
    }
  }
  if (type == sql_type::numeric && random_.chance(30))
    return fmt::format("({} / nullif({}, 0))", of(type, depth),
                       of(sql_type::integer, depth));
  if (random_.chance(40))
    return fmt::format("({})::{}", of(sql_type::integer, depth), name_of(type));
  return fmt::format("({} + {})", of(type, depth), of(type, depth));
}

std::string expressions::text_of(int depth) {
  switch (random_.between(0, 4)) {
    case 0:
      return fmt::format("upper({})", of(sql_type::text, depth));
    case 1:
      return fmt::format("({} || '-')", of(sql_type::text, depth));
    case 2:
      return fmt::format("({})::text", of(sql_type::integer, depth));
    case 3:
      return fmt::format("({} ->> 'k')", of(sql_type::json, depth));
    default:
      return fmt::format("substr({}, 1, 1)", of(sql_type::text, depth));
  }
}

std::string expressions::condition(int depth) {
  if (subqueries_ != nullptr && random_.chance(10))
    if (auto condition = subqueries_->condition(scope_); !condition.empty())
      return condition;
  const auto kind = random_.between(0, 11);
  if (kind == 0 && depth > 0)
    return fmt::format("NOT ({})", condition(depth - 1));
  if (kind == 1 && depth > 0)
    return fmt::format("({}) OR ({})", condition(depth - 1),
                       condition(depth - 1));
  if (kind == 2)
    return any_column().text + " IS NOT NULL";
  if (kind == 3)
    return fmt::format("{} IN (1, 3, 4)", of(sql_type::integer, depth));
  if (kind == 4)
    return fmt::format("{} LIKE '%a%'", of(sql_type::text, depth));
  if (kind == 5 && depth > 0)
    return fmt::format("({}) IS NOT TRUE", condition(depth - 1));
  return comparison(depth);
}

std::string expressions::comparison(int depth) {
  const auto type = common_type();
  static const std::vector<std::string> operators = {
    "=", "=", "<>", "<", ">=", ">", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"};
  if (random_.chance(6))
    return fmt::format("{} = ANY (({})::integer[])",
                       of(sql_type::integer, depth),
                       of(sql_type::integers, depth));
  if (random_.chance(6))
    return fmt::format("({}, {}) {} ({}, {})", of(type, 0),
                       of(sql_type::integer, depth),
                       random_.chance(50) ? "=" : "<", of(type, 0),
                       of(sql_type::integer, depth));
  return fmt::format("{} {} {}", of(type, depth), random_.pick(operators),
                     of(type, depth));
}

} // namespace pgtrickle::test
