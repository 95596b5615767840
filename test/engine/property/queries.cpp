#include "test/engine/property/queries.hpp"

#include "services/query/sql_text.hpp"
#include "test/engine/property/expressions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::test {

namespace {

using columns_t = std::vector<relation_column>;

class query_maker {
public:
  query_maker(random_source& random, const std::vector<relation>& tables)
    : random_(random), tables_(tables) {}

  random_query make(int depth) {
    const auto kind = random_.between(1, 100);
    if (kind <= 18 && depth > 0)
      return set_operation(depth - 1);
    auto query = select(depth, nullptr);
    if (kind >= 94)
      return with(std::move(query));
    if (kind >= 85 && !has_json(query.columns))
      limit(query);
    return query;
  }

private:
  static bool has_json(const columns_t& columns) {
    return std::ranges::any_of(
      columns, [](const auto& c) { return c.type == sql_type::json; });
  }

  random_query set_operation(int depth) {
    static const std::vector<std::string> operations
      = {"UNION ALL", "UNION ALL", "UNION",      "UNION",
         "EXCEPT",    "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"};
    auto left = select(depth, nullptr);
    auto right = select(depth, &left.columns);
    query_text both;
    both.operation
      = has_json(left.columns) ? "UNION ALL" : random_.pick(operations);
    both.arms = {std::move(left.text), std::move(right.text)};
    return {std::move(both), std::move(left.columns)};
  }

  random_query with(random_query inner) {
    query_text outer;
    outer.with = "WITH w AS (" + to_sql(inner.text) + ") ";
    outer.from = {{"", "w", nullptr, "u", ""}};
    for (const auto& column : inner.columns)
      outer.outputs.push_back("u." + column.name);
    return {std::move(outer), std::move(inner.columns)};
  }

  void limit(random_query& query) {
    std::vector<std::string> positions;
    for (std::size_t i = 1; i <= query.columns.size(); ++i)
      positions.push_back(std::to_string(i));
    query.text.suffix = fmt::format("ORDER BY {} LIMIT {}", joined(positions),
                                    random_.between(0, 8));
  }

  // --- FROM
  // --------------------------------------------------------------------

  from_item source(int depth, std::vector<reference>& scope) {
    from_item item;
    item.alias = fmt::format("s{}", ++aliases_);
    columns_t columns;
    if (depth > 0 && random_.chance(18)) {
      auto inner = make(depth - 1);
      item.subquery = std::make_shared<const query_text>(std::move(inner.text));
      columns = std::move(inner.columns);
    } else {
      const auto& table = random_.pick(tables_);
      item.table = table.name;
      columns = table.columns;
    }
    for (const auto& column : columns)
      scope.push_back({item.alias + "." + column.name, column.type});
    return item;
  }

  std::string join_condition(const std::vector<reference>& left,
                             const std::vector<reference>& right) {
    std::vector<std::string> equalities;
    for (const auto& l : left)
      for (const auto& r : right)
        if (l.type == r.type && l.type != sql_type::json
            && l.type != sql_type::boolean)
          equalities.push_back(l.text + " = " + r.text);
    if (equalities.empty())
      return "true";
    auto condition = random_.pick(equalities);
    if (random_.chance(12))
      condition.replace(condition.find(" = "), 3,
                        random_.chance(50) ? " < " : " <> ");
    return condition;
  }

  static std::string shared_name(const std::vector<reference>& left,
                                 const std::vector<reference>& right) {
    const auto bare
      = [](const reference& r) { return r.text.substr(r.text.find('.') + 1); };
    for (const auto& r : right)
      if (r.type != sql_type::json
          && 1 == std::ranges::count_if(left, [&](const auto& l) {
               return bare(l) == bare(r) && l.type == r.type;
             }))
        return bare(r);
    return {};
  }

  std::vector<reference> from(query_text& query, int depth) {
    std::vector<reference> scope;
    const auto kind = random_.between(1, 100);
    const auto count = kind <= 40 ? 1 : kind <= 85 ? 2 : 3;
    const bool commas = random_.chance(25);
    for (int i = 0; i < count; ++i) {
      std::vector<reference> added;
      auto item = source(depth, added);
      if (i > 0) {
        const auto condition = join_condition(scope, added);
        const auto name = shared_name(scope, added);
        item.join = commas ? "," : "JOIN";
        if (commas)
          query.conditions.push_back(condition);
        else if (!name.empty() && random_.chance(25))
          item.condition = "USING (" + name + ")";
        else
          item.condition = "ON " + condition;
        if (!commas && random_.chance(15))
          item.join = random_.chance(60) ? "LEFT JOIN" : "RIGHT JOIN";
      }
      query.from.push_back(std::move(item));
      scope.insert(scope.end(), added.begin(), added.end());
    }
    return scope;
  }

  // --- SELECT
  // --------------------------------------------------------------------

  random_query select(int depth, const columns_t* wanted) {
    random_query query;
    auto scope = from(query.text, depth);
    expressions over{random_, scope};
    for (int i = random_.between(0, 2); i > 0; --i)
      query.text.conditions.push_back(
        random_.chance(12) ? subquery_condition(scope) : over.condition());
    if (!wanted && random_.chance(45)) {
      group(query, over);
      return query;
    }
    const auto width = wanted ? wanted->size()
                              : static_cast<std::size_t>(random_.between(1, 4));
    for (std::size_t i = 0; i < width; ++i) {
      reference output;
      if (wanted)
        output = {over.of((*wanted)[i].type), (*wanted)[i].type};
      else if (random_.chance(50))
        output = over.any_column();
      else
        output = special(over, scope);
      add_output(query, output);
    }
    if (!wanted && !has_json(query.columns) && random_.chance(12))
      query.text.distinct = "DISTINCT";
    return query;
  }

  reference special(expressions& over, const std::vector<reference>& scope) {
    const auto kind = random_.between(1, 100);
    if (kind <= 5)
      return {fmt::format("rank() OVER (PARTITION BY {} ORDER BY {})",
                          over.of(sql_type::integer), over.of(sql_type::text)),
              sql_type::bigint};
    if (kind <= 10)
      return {fmt::format("sum({}) OVER (PARTITION BY {})",
                          over.of(sql_type::integer), over.of(sql_type::text)),
              sql_type::bigint};
    if (kind <= 15) {
      const auto& table = random_.pick(tables_);
      return {fmt::format("(SELECT count(*) FROM {} AS z WHERE {})", table.name,
                          correlation(table, scope)),
              sql_type::bigint};
    }
    const auto type = over.common_type();
    return {over.of(type), type};
  }

  std::string correlation(const relation& table,
                          const std::vector<reference>& scope) {
    std::vector<reference> inner;
    for (const auto& column : table.columns)
      inner.push_back({"z." + column.name, column.type});
    return join_condition(scope, inner);
  }

  std::string subquery_condition(const std::vector<reference>& scope) {
    const auto& table = random_.pick(tables_);
    if (random_.chance(50))
      return fmt::format("{}EXISTS (SELECT FROM {} AS z WHERE {})",
                         random_.chance(50) ? "NOT " : "", table.name,
                         correlation(table, scope));
    expressions over{random_, scope};
    return fmt::format(
      "{} {}IN (SELECT z.{} FROM {} AS z)", over.of(sql_type::integer),
      random_.chance(50) ? "NOT " : "", table.columns[0].name, table.name);
  }

  void group(random_query& query, expressions& over) {
    for (int i = random_.between(0, 2); i > 0; --i) {
      const auto type = over.common_type();
      auto column = over.column(type);
      const bool plain = !column.empty() && random_.chance(70);
      auto key = plain ? column : "coalesce(" + over.of(type) + ")";
      query.text.keys.push_back(key);
      add_output(query, {std::move(key), type});
    }
    for (int i = random_.between(query.text.keys.empty() ? 1 : 0, 3); i > 0;
         --i) {
      auto call = over.aggregate();
      if (call.type == sql_type::bigint && random_.chance(15))
        call.text = "coalesce(" + call.text + ", 0) + count(*)";
      add_output(query, call);
    }
    if (random_.chance(20))
      query.text.having = random_.chance(60)
                            ? "count(*) > 1"
                            : over.aggregate().text + " IS NOT NULL";
    // PostgreSQL 15 mistakes constant keys of grouping sets.
    const bool constant
      = std::ranges::any_of(query.text.keys, [](const auto& key) {
          return key.starts_with("coalesce");
        });
    if (query.text.keys.size() == 2 && !constant && random_.chance(10))
      query.text.keys = {"ROLLUP (" + joined(query.text.keys) + ")"};
  }

  void add_output(random_query& query, const reference& output) {
    static const std::vector<std::string> odd
      = {"\"o.{}\"", "\"Ünï {}\"", "\"a\"\"{}\"", "\"__weight{}\""};
    const auto number = query.columns.size() + 1;
    const auto name = random_.chance(85)
                        ? fmt::format("c{}", number)
                        : fmt::format(fmt::runtime(random_.pick(odd)), number);
    query.text.outputs.push_back(output.text + " AS " + name);
    query.columns.push_back({name, output.type});
  }

  random_source& random_;
  const std::vector<relation>& tables_;
  int aliases_ = 0;
};

} // namespace

random_query make_query(random_source& random,
                        const std::vector<relation>& tables) {
  return query_maker{random, tables}.make(2);
}

} // namespace pgtrickle::test
