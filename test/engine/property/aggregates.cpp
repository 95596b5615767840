#include "test/engine/property/expressions.hpp"

#include <fmt/format.h>

namespace pgtrickle::test {

namespace {

const std::vector<sql_type> exact
  = {sql_type::integer, sql_type::bigint, sql_type::numeric};

} // namespace

// Aggregates over floating point whose last digits follow the order of the rows
// are rounded: PostgreSQL promises nothing about them either.
reference expressions::aggregate() {
  const auto filter
    = random_.chance(20) ? " FILTER (WHERE " + condition() + ")" : "";
  const auto kind = random_.between(1, 100);
  if (kind <= 10)
    return {"count(*)" + filter, sql_type::bigint};
  if (kind <= 60)
    return number_aggregate(filter);
  if (kind <= 78)
    return ordered_aggregate(filter);
  return collection(filter);
}

reference expressions::number_aggregate(const std::string& filter) {
  static const std::vector<std::string> spreads
    = {"stddev", "stddev_pop", "stddev_samp", "variance", "var_pop"};
  static const std::vector<std::string> pairs
    = {"corr",      "covar_pop", "covar_samp",     "regr_slope",
       "regr_sxx",  "regr_syy",  "regr_intercept", "regr_r2",
       "regr_avgx", "regr_avgy", "regr_sxy"};
  static const std::vector<std::string> bits = {"bit_and", "bit_or", "bit_xor"};
  const auto once = random_.chance(15) ? "DISTINCT " : "";
  const auto number = random_.pick(exact);
  const auto call = [&](std::string name, const std::string& argument) {
    return std::move(name) + "(" + once + argument + ")" + filter;
  };
  switch (random_.between(0, 7)) {
    case 0:
      return {call("count", of(random_type(random_, false))), sql_type::bigint};
    case 1:
    case 2:
      return {call("sum", of(number)), number == sql_type::integer
                                         ? sql_type::bigint
                                         : sql_type::numeric};
    case 3:
      return {call("avg", of(number)), sql_type::numeric};
    case 4:
      return {call(random_.pick(spreads), of(number)), sql_type::numeric};
    case 5:
      if (random_.chance(50))
        return {call("sum", of(sql_type::float8)), sql_type::float8};
      return {fmt::format("round(({})::numeric, 6)",
                          call("avg", of(sql_type::float8))),
              sql_type::numeric};
    case 6:
      return {fmt::format("round(({}({}, {}){})::numeric, 6)",
                          random_.pick(pairs), of(sql_type::integer),
                          of(sql_type::integer), filter),
              sql_type::numeric};
    default:
      return {call(random_.pick(bits), of(sql_type::integer)),
              sql_type::integer};
  }
}

reference expressions::ordered_aggregate(const std::string& filter) {
  static const std::vector<sql_type> ordered = {
    sql_type::integer, sql_type::bigint,      sql_type::numeric, sql_type::text,
    sql_type::date,    sql_type::timestamptz, sql_type::float8};
  const auto type = random_.pick(ordered);
  switch (random_.between(0, 5)) {
    case 0:
      return {fmt::format("{}({}){}",
                          random_.chance(50) ? "bool_and" : "bool_or",
                          condition(), filter),
              sql_type::boolean};
    case 1:
      return {fmt::format("percentile_disc(0.5) WITHIN GROUP (ORDER BY {}){}",
                          of(type), filter),
              type};
    case 2:
      return {fmt::format("percentile_cont(0.25) WITHIN GROUP (ORDER BY {}){}",
                          of(sql_type::integer), filter),
              sql_type::float8};
    case 3:
      return {
        fmt::format("mode() WITHIN GROUP (ORDER BY {}){}", of(type), filter),
        type};
    default:
      return {fmt::format("{}({}){}", random_.chance(50) ? "min" : "max",
                          of(type), filter),
              type};
  }
}

reference expressions::collection(const std::string& filter) {
  const auto once = random_.chance(15) ? "DISTINCT " : "";
  const auto text = of(sql_type::text);
  const auto number = of(sql_type::integer);
  switch (random_.between(0, 4)) {
    case 0:
      return {fmt::format("array_agg({}{} ORDER BY {}){}", once, number, number,
                          filter),
              sql_type::integers};
    case 1:
      return {fmt::format("jsonb_agg({} ORDER BY {} DESC){}::text", number,
                          number, filter),
              sql_type::text};
    case 2:
      return {fmt::format("json_agg({} ORDER BY {}){}", text, text, filter),
              sql_type::json};
    case 3:
      return {fmt::format("jsonb_object_agg(coalesce({0}, 'none'), {1} ORDER "
                          "BY {0}, {1}){2}::text",
                          text, number, filter),
              sql_type::text};
    default:
      return {fmt::format("string_agg({0}{1}, ',' ORDER BY {1}){2}", once, text,
                          filter),
              sql_type::text};
  }
}

} // namespace pgtrickle::test
