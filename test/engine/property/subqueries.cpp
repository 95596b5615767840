#include "services/query/sql_text.hpp"
#include "test/engine/property/query_maker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::test {

namespace {

const std::vector<std::string> comparisons = {"=", "<>", "<", "<=", ">", ">="};

} // namespace

scope_t both(const scope_t& scope, const scope_t& outer) {
  auto all = scope;
  all.insert(all.end(), outer.begin(), outer.end());
  std::erase_if(all, [](const auto& column) { return column.unqualified; });
  return all;
}

query_text query_maker::tied(const scope_t& outer, scope_t& scope,
                             int tied_percent) {
  query_text query;
  const auto visible = both({}, outer);
  scope = from(query, 0, visible);
  expressions inner{random_, scope};
  if (!visible.empty() && random_.chance(tied_percent))
    query.conditions.push_back(join_condition(visible, scope, false));
  if (random_.chance(40)) {
    expressions over{random_,
                     both(scope, random_.chance(30) ? outer : scope_t{}),
                     &subqueries_};
    query.conditions.push_back(over.condition());
  }
  return query;
}

std::string query_maker::subquery_condition(const scope_t& outer) {
  if (!spend())
    return {};
  const auto negated = random_.chance(45) ? "NOT " : "";
  if (random_.chance(60))
    return membership(outer);
  scope_t scope;
  auto query = tied(outer, scope, 90);
  expressions inner{random_, scope};
  const auto kind = random_.between(0, 9);
  if (kind < 2) {
    query.keys = {inner.of(sql_type::integer, 0) + " + 0"};
    query.having = "count(*) > 1";
  } else if (kind == 2) {
    query.outputs = {"count(*)"};
  } else if (kind < 5) {
    query.outputs = {"1 AS one"};
    if (kind == 4)
      query.suffix = "ORDER BY 1 OFFSET 1";
  }
  return fmt::format("{}EXISTS ({})", negated, embed(std::move(query)));
}

std::string query_maker::membership(const scope_t& outer) {
  const auto visible = both({}, outer);
  expressions over{random_, visible};
  const auto type = random_.chance(60) ? sql_type::integer : over.common_type();
  const auto negated = random_.chance(45) ? "NOT " : "";
  const auto kind = random_.between(0, 9);
  if (kind <= 1) {
    const columns_t wanted
      = {{"v", type == sql_type::json ? sql_type::integer : type}};
    auto query = make(1, {}, &wanted);
    return fmt::format("{} {}IN ({})", over.of(wanted[0].type), negated,
                       embed(std::move(query.text)));
  }
  scope_t scope;
  auto query = tied(outer, scope, 60);
  expressions inner{random_, scope};
  query.outputs = {inner.of(type)};
  if (kind <= 3) {
    query.outputs.push_back(inner.of(sql_type::integer));
    if (random_.chance(12))
      return fmt::format("({}, {}) {} ANY ({})", over.of(type),
                         over.of(sql_type::integer), random_.pick(comparisons),
                         embed(std::move(query)));
    if (random_.chance(12)) {
      query.suffix = "ORDER BY 1, 2 LIMIT 1";
      query.outputs = {query.outputs[0] + " AS a", query.outputs[1] + " AS b"};
      return fmt::format("({}, {}) {} ({})", over.of(type),
                         over.of(sql_type::integer), random_.pick(comparisons),
                         embed(std::move(query)));
    }
    return fmt::format("({}, {}) {}IN ({})", over.of(type),
                       over.of(sql_type::integer), negated,
                       embed(std::move(query)));
  }
  if (kind <= 6)
    return fmt::format("{} {}IN ({})", over.of(type), negated,
                       embed(std::move(query)));
  return fmt::format(
    "{}({} {} {} ({}))", negated, over.of(type), random_.pick(comparisons),
    random_.chance(50) ? "ANY" : "ALL", embed(std::move(query)));
}

std::string query_maker::lookup(sql_type type, const scope_t& outer) {
  std::vector<std::string> usable;
  expressions over{random_, both({}, outer)};
  for (const auto& table : tables_)
    for (const auto& column : table.columns)
      if (table.keyed && column.type == type)
        usable.push_back(fmt::format(
          "SELECT z.{} FROM {} AS z WHERE z.{} = {}", column.name, table.name,
          table.columns[0].name, over.of(sql_type::integer, 1)));
  return usable.empty() ? std::string{} : "(" + random_.pick(usable) + ")";
}

std::string query_maker::subquery_value(sql_type type, const scope_t& outer) {
  if (!spend())
    return {};
  const auto kind = random_.between(0, 9);
  if (kind <= 1)
    return lookup(type, outer);
  if (kind == 2) {
    expressions over{random_, both({}, outer)};
    return fmt::format("(SELECT {})", over.of(type));
  }
  if (type == sql_type::boolean && random_.chance(50))
    return "(" + subquery_condition(outer) + " IS TRUE)";
  if (kind <= 4 || type == sql_type::json || type == sql_type::integers)
    return collected_value(type, outer);
  scope_t scope;
  auto query = tied(outer, scope);
  expressions inner{random_, scope};
  for (int i = 0; i < 6; ++i)
    if (auto call = inner.aggregate(); call.type == type) {
      query.outputs = {call.text};
      break;
    }
  if (query.outputs.empty())
    query.outputs
      = {type == sql_type::boolean ? "bool_or(" + inner.condition() + ")"
                                   : "max(" + inner.of(type) + ")"};
  if (random_.chance(8))
    query.having = "count(*) > 1";
  return "(" + embed(std::move(query)) + ")";
}

/// A value of a subquery whose rows are not aggregated, or aggregated twice.
std::string query_maker::collected_value(sql_type type, const scope_t& outer) {
  scope_t scope;
  auto query = tied(outer, scope);
  expressions inner{random_, scope};
  if (type == sql_type::integers) {
    query.outputs = {inner.of(sql_type::integer)};
    query.suffix = "ORDER BY 1";
    return "ARRAY(" + embed(std::move(query)) + ")";
  }
  if (type == sql_type::bigint && random_.chance(60)) {
    query.outputs = {"count(*) AS n"};
    query.keys = {inner.of(sql_type::integer, 0) + " + 0"};
    return fmt::format("(SELECT max(n) FROM ({}) AS q)",
                       embed(std::move(query)));
  }
  const auto value = inner.of(type);
  query.outputs = {value + " AS v"};
  query.suffix = fmt::format("ORDER BY {}{}{} LIMIT 1", value,
                             type == sql_type::json ? "::text" : "",
                             random_.chance(50) ? " DESC" : "");
  if (random_.chance(20))
    query.suffix += " OFFSET 1";
  return "(" + embed(std::move(query)) + ")";
}

} // namespace pgtrickle::test
