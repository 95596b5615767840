#include "test/engine/property/relations.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle::test {

namespace {

/// Keys are drawn from so many values: collisions and joins are common.
constexpr int keys = 25;

std::string insertion(random_source& random, const relation& table,
                      int first_key, int rows) {
  std::vector<std::string> tuples;
  for (int i = 0; i < rows; ++i) {
    std::vector<std::string> values;
    for (const auto& column : table.columns)
      values.push_back(random_literal(random, column.type));
    if (table.keyed)
      values[0] = std::to_string(first_key + i + random.between(0, keys));
    if (table.partitioned && values[0] == "NULL")
      values[0] = "1";
    tuples.push_back("(" + joined(values) + ")");
  }
  auto statement = "INSERT INTO " + table.name + " VALUES " + joined(tuples);
  if (table.keyed)
    statement += " ON CONFLICT DO NOTHING";
  return statement;
}

std::string update(random_source& random, const relation& table) {
  const auto at = random.below(table.columns.size());
  const auto& column = table.columns[at];
  auto value
    = random.chance(15) ? column.name : random_literal(random, column.type);
  if ((table.keyed || table.partitioned) && at == 0)
    value = column.name + " + " + std::to_string(random.between(0, 1) * 40);
  else if (column.type == sql_type::integer && random.chance(50))
    value = column.name + " + 1";
  return fmt::format("UPDATE {} SET {} = {} WHERE {}", table.name, column.name,
                     value, random_row_condition(random, table));
}

} // namespace

std::string name_of(sql_type type) {
  static const std::vector<std::string> names
    = {"integer",     "bigint",  "numeric",          "text", "date",
       "timestamptz", "boolean", "double precision", "json", "integer[]"};
  return names[static_cast<std::size_t>(type)];
}

sql_type random_type(random_source& random, bool with_json) {
  return static_cast<sql_type>(random.below(with_json ? 9 : 8));
}

std::string random_literal(random_source& random, sql_type type) {
  if (random.chance(15))
    return "NULL";
  const auto n = random.between(0, 6);
  switch (type) {
    case sql_type::integer:
      return std::to_string(n);
    case sql_type::bigint:
      return fmt::format("{}::bigint", n * 1000000007L);
    case sql_type::numeric: {
      static const std::vector<std::string> values
        = {"0", "1", "1.5", "2.25", "2.250", "-3.1", "1000000.000001", "'NaN'"};
      return random.pick(values) + "::numeric";
    }
    case sql_type::text: {
      static const std::vector<std::string> values
        = {"''", "'a'", "'b'", "'B'", "'it''s'", "'héé'", "'a b'", "'\\x'"};
      return random.pick(values);
    }
    case sql_type::date:
      return fmt::format("date '2024-02-{:02}'", 25 + n % 5);
    case sql_type::timestamptz:
      return fmt::format("timestamptz '2024-03-31 0{}:30:00+00'", n);
    case sql_type::boolean:
      return n % 2 == 0 ? "true" : "false";
    case sql_type::float8:
      return fmt::format("{}::float8", n * 0.125);
    case sql_type::json:
      return fmt::format("'{{\"k\": {}, \"t\": \"v{}\"}}'::json", n, n % 3);
    case sql_type::integers:
      return fmt::format("'{{{},NULL}}'::integer[]", n);
  }
  return "NULL";
}

relation random_table(random_source& random, std::size_t number) {
  static const std::vector<std::string> columns = {
    "a", "b", "\"select\"", "\"B b\"", "\"x\"\"y\"", "\"d.e\"", "\"ü'\"", "g"};
  static const std::vector<std::string> names
    = {"t{}", "\"T {}\"", "\"a.b{}\"", "\"q\"\"{}\"", "\"';--{}\""};
  relation table;
  table.name = fmt::format(
    fmt::runtime(random.chance(60) ? names[0] : random.pick(names)), number);
  table.keyed = random.chance(60);
  table.partitioned = random.chance(12);
  const auto count = static_cast<std::size_t>(random.between(2, 5));
  const auto first = random.below(columns.size() - count);
  for (std::size_t i = 0; i < count; ++i)
    table.columns.push_back({columns[first + i], random_type(random)});
  table.columns[0]
    = {random.chance(70) ? "id" : columns[first], sql_type::integer};
  if (random.chance(70))
    table.columns[1].type = sql_type::integer;
  return table;
}

std::vector<std::string> creation_of(random_source& random,
                                     const relation& table) {
  std::vector<std::string> columns;
  for (const auto& column : table.columns)
    columns.push_back(column.name + " " + name_of(column.type)
                      + (random.chance(10) && column.type == sql_type::integer
                           ? " NOT NULL DEFAULT 3"
                           : ""));
  if (table.keyed)
    columns.push_back("PRIMARY KEY (" + table.columns[0].name + ")");
  const auto create
    = fmt::format("CREATE TABLE {} ({})", table.name, joined(columns));
  std::vector<std::string> statements;
  if (table.partitioned) {
    const auto part
      = [&](int i) { return quoted(fmt::format("part {} {}", i, table.name)); };
    statements
      = {create + " PARTITION BY RANGE (" + table.columns[0].name + ")",
         fmt::format("CREATE TABLE {} PARTITION OF {} FOR VALUES FROM "
                     "(MINVALUE) TO (6)",
                     part(1), table.name),
         fmt::format("CREATE TABLE {} PARTITION OF {} DEFAULT", part(2),
                     table.name)};
  } else {
    statements = {create};
  }
  for (int i = random.between(0, 2); i > 0; --i)
    statements.push_back(insertion(random, table, 0, random.between(1, 12)));
  return statements;
}

std::string random_row_condition(random_source& random, const relation& table) {
  if (random.chance(15))
    return "true";
  const auto& column = random.pick(table.columns);
  if (column.type == sql_type::json)
    return column.name + " IS NOT NULL";
  if (column.type == sql_type::integer && random.chance(40))
    return fmt::format("{} % 3 = {}", column.name, random.between(0, 2));
  if (random.chance(15))
    return column.name + " IS NULL";
  static const std::vector<std::string> operators = {"=", "=", "<", ">", "<>"};
  return fmt::format("{} {} {}", column.name, random.pick(operators),
                     random_literal(random, column.type));
}

std::string random_change(random_source& random, const relation& table,
                          int first_key) {
  const auto kind = random.between(1, 100);
  if (kind <= 45)
    return insertion(random, table, first_key,
                     random.chance(10) ? 30 : random.between(1, 4));
  if (kind <= 75)
    return update(random, table);
  return fmt::format("DELETE FROM {} WHERE {}", table.name,
                     random_row_condition(random, table));
}

} // namespace pgtrickle::test
