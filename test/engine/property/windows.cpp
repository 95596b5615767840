#include "services/query/sql_text.hpp"
#include "test/engine/property/query_maker.hpp"

#include <fmt/format.h>

namespace pgtrickle::test {

namespace {

/// Every column that a row has: rows that tie in all of them are the same.
std::string all_columns(const scope_t& scope) {
  std::vector<std::string> all;
  for (const auto& column : scope)
    all.push_back(column.text
                  + (column.type == sql_type::json ? "::text" : ""));
  return all.empty() ? "1::text" : joined(all);
}

} // namespace

std::string query_maker::frame(bool total) {
  static const std::vector<std::string> rows
    = {"", "", "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
       "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING",
       "ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW"};
  static const std::vector<std::string> peers
    = {"", "RANGE BETWEEN 1 PRECEDING AND CURRENT ROW",
       "RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
       "GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
       "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE GROUP"};
  const auto& text = random_.pick(total ? rows : peers);
  return text.empty() ? text : " " + text;
}

reference query_maker::window(random_query& query, expressions& over,
                              const scope_t& scope) {
  static const std::vector<std::string> ranks
    = {"rank()", "dense_rank()", "count(*)"};
  static const std::vector<std::string> aggregates
    = {"sum({})", "min({})", "max({})", "bit_or({})",
       "sum({}) FILTER (WHERE true)"};
  static const std::vector<std::string> values
    = {"lag({})", "lead({}, 1, 7)", "first_value({})", "last_value({})",
       "nth_value({}, 2)"};
  const auto number = over.of(sql_type::integer);
  const auto partition
    = random_.chance(80)
        ? "PARTITION BY "
            + over.of(over.common_type() == sql_type::text ? sql_type::text
                                                           : sql_type::integer)
            + " "
        : "";
  const auto total = "ORDER BY " + all_columns(scope);
  const auto peers = "ORDER BY " + over.of(sql_type::integer)
                     + (random_.chance(40) ? " DESC" : "");
  const auto filled = [&](const std::vector<std::string>& calls) {
    return fmt::format(fmt::runtime(random_.pick(calls)), number);
  };
  const auto kind = random_.between(query.numbered ? 4 : 0, 7);
  query.numbered = query.numbered || kind < 4;
  switch (kind) {
    case 4:
      return {
        fmt::format("{} OVER ({}{})", random_.pick(ranks), partition, peers),
        sql_type::bigint};
    case 0:
      return {fmt::format("row_number() OVER ({}{})", partition, total),
              sql_type::bigint};
    case 1:
      return {fmt::format("ntile(3) OVER ({}{})", partition, total),
              sql_type::integer};
    case 2:
      return {fmt::format("({} OVER ({}{}{}))::bigint", filled(values),
                          partition, total, frame(true)),
              sql_type::bigint};
    case 3:
      return {fmt::format("({} OVER ({}{}{}))::bigint", filled(aggregates),
                          partition, total, frame(true)),
              sql_type::bigint};
    case 5:
      return {fmt::format("({} OVER ({}{}{}))::bigint", filled(aggregates),
                          partition, peers, frame(false)),
              sql_type::bigint};
    case 6:
      query.text.windows = "w AS (" + partition + ")";
      return {fmt::format("avg({}) OVER (w {})", number, peers),
              sql_type::numeric};
    default:
      return {
        fmt::format("({} OVER ({}))::bigint", filled(aggregates), partition),
        sql_type::bigint};
  }
}

} // namespace pgtrickle::test
