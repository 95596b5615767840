#include "test/engine/property/queries.hpp"

#include "services/query/sql_text.hpp"
#include "test/engine/property/query_maker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::test {

bool has_json(const columns_t& columns) {
  return std::ranges::any_of(
    columns, [](const auto& c) { return c.type == sql_type::json; });
}

query_maker::query_maker(random_source& random, std::vector<relation> tables)
  : random_(random),
    tables_(std::move(tables)), subqueries_{
                                  [this](sql_type type, const scope_t& scope) {
                                    return subquery_value(type, scope);
                                  },
                                  [this](const scope_t& scope) {
                                    return subquery_condition(scope);
                                  }},
    budget_(random.between(0, 4)) {}

random_query query_maker::whole() {
  auto query = make(2, {}, nullptr);
  query.text.parts = std::move(parts_);
  return query;
}

std::string query_maker::embed(query_text query) {
  parts_.push_back(std::move(query));
  return part(parts_.size() - 1);
}

std::string query_maker::next_alias() { return fmt::format("s{}", ++aliases_); }

bool query_maker::spend() { return budget_-- > 0; }

random_query query_maker::make(int depth, const scope_t& outer,
                               const columns_t* wanted) {
  const auto kind = random_.between(1, 100);
  if (kind <= 16 && depth > 0)
    return set_operation(depth - 1, outer, wanted);
  if (kind <= 24 && depth > 0)
    return with(depth - 1, outer, wanted);
  auto query = select(depth, outer, wanted);
  if (kind >= 84 && !has_json(query.columns))
    order(query);
  return query;
}

random_query query_maker::set_operation(int depth, const scope_t& outer,
                                        const columns_t* wanted) {
  static const std::vector<std::string> operations
    = {"UNION ALL", "UNION ALL", "UNION",      "UNION",
       "EXCEPT",    "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"};
  auto left = make(depth, outer, wanted);
  auto right = make(depth, outer, &left.columns);
  query_text both;
  both.operation
    = has_json(left.columns) ? "UNION ALL" : random_.pick(operations);
  both.arms = {std::move(left.text), std::move(right.text)};
  return {std::move(both), std::move(left.columns)};
}

random_query query_maker::with(int depth, const scope_t& outer,
                               const columns_t* wanted) {
  static const std::vector<std::string> ways
    = {"", "", "MATERIALIZED ", "NOT MATERIALIZED "};
  const auto before = tables_.size();
  std::vector<std::string> clauses;
  bool recursive = false;
  for (int i = random_.between(1, 2); i > 0; --i) {
    const auto name = fmt::format("w{}", ++aliases_);
    columns_t columns;
    auto clause = random_.chance(30) ? recursion(name, columns) : "";
    if (clause.empty()) {
      auto inner = make(depth, outer, nullptr);
      columns = std::move(inner.columns);
      clause = fmt::format("{} AS {}({})", name, random_.pick(ways),
                           embed(std::move(inner.text)));
    } else {
      recursive = true;
    }
    clauses.push_back(clause);
    tables_.push_back({name, std::move(columns), false, false});
    ++named_;
  }
  auto query = select(depth, outer, wanted);
  named_ -= tables_.size() - before;
  tables_.resize(before);
  query.text.with
    = (recursive ? "WITH RECURSIVE " : "WITH ") + joined(clauses) + " ";
  return query;
}

std::string query_maker::recursion(const std::string& name,
                                   columns_t& columns) {
  struct edges {
    std::string table, from, to;
  };
  std::vector<edges> usable;
  for (const auto& table : tables_)
    for (const auto& from : table.columns)
      for (const auto& to : table.columns)
        if (from.name != to.name && from.type == sql_type::integer
            && to.type == sql_type::integer)
          usable.push_back({table.name, from.name, to.name});
  if (usable.empty())
    return {};
  const auto& edge = random_.pick(usable);
  const bool all = random_.chance(35);
  query_text start;
  start.outputs = {"e." + edge.from + " AS a", "e." + edge.to + " AS b"};
  start.from = {{"", edge.table, "e", ""}};
  if (random_.chance(50))
    start.conditions = {fmt::format("e.{} < 4", edge.from)};
  query_text next;
  next.outputs = {"r.a", "e." + edge.to};
  next.from
    = {{"", name, "r", ""},
       {"JOIN", edge.table, "e", fmt::format("ON e.{} = r.b", edge.from)}};
  if (random_.chance(30))
    next.conditions = {fmt::format("e.{} <> r.a", edge.to)};
  columns = {{"a", sql_type::integer}, {"b", sql_type::integer}};
  if (all) {
    start.outputs.emplace_back("0 AS depth");
    next.outputs.emplace_back("r.depth + 1");
    next.conditions.emplace_back("r.depth < 2");
    columns.push_back({"depth", sql_type::integer});
  }
  query_text both;
  both.operation = all ? "UNION ALL" : "UNION";
  both.arms = {std::move(start), std::move(next)};
  return fmt::format("{} AS ({})", name, embed(std::move(both)));
}

// Ordered by every column, it does not matter which of equal rows is kept.
void query_maker::order(random_query& query) {
  static const std::vector<std::string> directions
    = {"", "", " DESC", " NULLS FIRST", " DESC NULLS LAST"};
  std::vector<std::string> positions;
  for (std::size_t i = 1; i <= query.columns.size(); ++i)
    positions.push_back(std::to_string(i) + random_.pick(directions));
  const auto rows = random_.between(0, 8);
  if (random_.chance(20) && query.text.distinct.empty()) {
    query.text.suffix = fmt::format("ORDER BY {} FETCH FIRST {} ROWS WITH TIES",
                                    positions[0], rows);
    return;
  }
  const bool distinct_on = query.text.distinct.empty() && random_.chance(35);
  if (distinct_on)
    query.text.distinct = "DISTINCT ON (1)";
  query.text.suffix = "ORDER BY " + joined(positions);
  if (distinct_on && random_.chance(70))
    return;
  query.text.suffix += fmt::format(" LIMIT {}", rows);
  if (random_.chance(30))
    query.text.suffix += fmt::format(" OFFSET {}", random_.between(0, 4));
}

random_query query_maker::select(int depth, const scope_t& outer,
                                 const columns_t* wanted) {
  random_query query;
  const auto scope = from(query.text, depth, outer);
  expressions over{random_, scope, &subqueries_};
  for (int i = random_.between(0, 2); i > 0; --i)
    query.text.conditions.push_back(over.condition());
  if (!outer.empty() && random_.chance(70))
    query.text.conditions.push_back(join_condition(outer, scope, false));
  if (!wanted && random_.chance(45)) {
    group(query, over, outer);
    return query;
  }
  if (wanted) {
    for (const auto& column : *wanted)
      add_output(query, {over.of(column.type), column.type});
    return query;
  }
  for (int i = random_.between(1, 4); i > 0; --i)
    add_output(query, random_.chance(50) ? over.any_column()
                                         : output(over, scope, query));
  if (!has_json(query.columns) && random_.chance(12))
    query.text.distinct = "DISTINCT";
  return query;
}

reference query_maker::output(expressions& over, const scope_t& scope,
                              random_query& query) {
  const auto kind = random_.between(1, 100);
  if (kind <= 22)
    return window(query, over, scope);
  if (kind <= 25)
    return {
      fmt::format("generate_series(1, {} % 3)", over.of(sql_type::integer)),
      sql_type::integer};
  if (kind <= 27)
    return {fmt::format("unnest({})", over.of(sql_type::integers)),
            sql_type::integer};
  const auto type = over.common_type();
  if (kind <= 40)
    if (auto value = subquery_value(type, scope); !value.empty())
      return {std::move(value), type};
  return {over.of(type), type};
}

void query_maker::add_output(random_query& query, const reference& output) {
  static const std::vector<std::string> odd
    = {"\"o.{}\"", "\"Ünï {}\"", "\"a\"\"{}\"", "\"__weight{}\""};
  const auto number = query.columns.size() + 1;
  const auto name = random_.chance(85)
                      ? fmt::format("c{}", number)
                      : fmt::format(fmt::runtime(random_.pick(odd)), number);
  query.text.outputs.push_back(output.text + " AS " + name);
  query.columns.push_back({name, output.type});
}

random_query make_query(random_source& random,
                        const std::vector<relation>& tables) {
  return query_maker{random, tables}.whole();
}

} // namespace pgtrickle::test
