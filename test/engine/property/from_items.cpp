#include "services/query/sql_text.hpp"
#include "test/engine/property/query_maker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::test {

namespace {

std::string bare(const reference& column) {
  return column.unqualified ? column.text
                            : column.text.substr(column.text.find('.') + 1);
}

/// Whether `name` alone says which column of `left` is meant.
bool is_unique(const scope_t& left, const std::string& name) {
  const auto named = [&](const auto& l) { return bare(l) == name; };
  return std::ranges::any_of(
           left, [&](const auto& l) { return named(l) && l.unqualified; })
         || std::ranges::count_if(left, named) == 1;
}

/// The columns that both sides can be merged by; `all`: nothing if there is a
/// common name that they can not be merged by.
std::vector<std::string> common_names(const scope_t& left, const scope_t& right,
                                      bool all) {
  std::vector<std::string> names;
  for (const auto& r : right) {
    const auto found = std::ranges::find_if(
      left, [&](const auto& l) { return bare(l) == bare(r); });
    if (found == left.end())
      continue;
    if (r.type != sql_type::json && found->type == r.type
        && is_unique(left, bare(r)) && is_unique(right, bare(r)))
      names.push_back(bare(r));
    else if (all)
      return {};
  }
  return names;
}

} // namespace

scope_t query_maker::from(query_text& query, int depth, const scope_t& outer,
                          bool in_parentheses) {
  scope_t scope;
  const auto kind = random_.between(1, 100);
  auto count = kind <= 40 ? 1 : kind <= 85 ? 2 : 3;
  if (depth == 0 && kind <= 70)
    count = 1;
  if (in_parentheses)
    count = 2;
  const bool commas = !in_parentheses && random_.chance(25);
  for (int i = 0; i < count; ++i) {
    scope_t added;
    if (i > 0 && !in_parentheses && random_.chance(14) && spend()) {
      auto item = lateral(both(scope, outer), added);
      static const std::vector<std::string> kinds
        = {"CROSS JOIN", "LEFT JOIN", "JOIN"};
      item.join = commas ? "," : random_.pick(kinds);
      if (item.join == "LEFT JOIN" || item.join == "JOIN")
        item.condition
          = "ON "
            + (random_.chance(60) ? "true"
                                  : join_condition(scope, added, false));
      query.from.push_back(std::move(item));
      scope.insert(scope.end(), added.begin(), added.end());
      continue;
    }
    auto item = source(depth, outer, added);
    join(query, item, scope, std::move(added), commas);
    query.from.push_back(std::move(item));
  }
  return scope;
}

from_item query_maker::source(int depth, const scope_t& outer, scope_t& added) {
  from_item item;
  if (depth > 0 && random_.chance(9) && spend())
    return joins(depth - 1, added);
  if (random_.chance(3))
    return function(outer, added);
  item.alias = next_alias();
  columns_t columns;
  if (depth > 0 && random_.chance(18) && spend()) {
    auto inner
      = make(depth - 1, random_.chance(15) ? outer : scope_t{}, nullptr);
    item.table = "(" + embed(std::move(inner.text)) + ")";
    columns = std::move(inner.columns);
  } else {
    const auto& table = named_ > 0 && random_.chance(60)
                          ? tables_[tables_.size() - 1 - random_.below(named_)]
                          : random_.pick(tables_);
    item.table = table.name;
    columns = table.columns;
  }
  for (const auto& column : columns)
    added.push_back({item.alias + "." + column.name, column.type});
  return item;
}

from_item query_maker::joins(int depth, scope_t& added) {
  query_text inside;
  inside.joins_only = true;
  added = from(inside, depth, {}, true);
  const bool merged = std::ranges::any_of(inside.from, [](const auto& item) {
    return item.join.starts_with("NATURAL")
           || item.condition.starts_with("USING");
  });
  from_item item;
  item.table = "(" + embed(std::move(inside)) + ")";
  if (merged || random_.chance(70))
    return item;
  const auto alias = next_alias();
  std::vector<std::string> names;
  for (auto& column : added) {
    names.push_back(fmt::format("c{}", names.size() + 1));
    column.text = alias + "." + names.back();
  }
  item.alias = fmt::format("{} ({})", alias, joined(names));
  return item;
}

from_item query_maker::lateral(const scope_t& visible, scope_t& added) {
  const auto kind = random_.between(0, 9);
  if (kind <= 2)
    return function(visible, added);
  from_item item;
  item.alias = next_alias();
  random_query query;
  scope_t scope;
  if (kind == 3) {
    scope = visible;
  } else {
    query.text = tied(visible, scope, 85);
  }
  expressions inner{random_, scope};
  for (int i = random_.between(1, 2); i > 0; --i) {
    const auto type = inner.common_type();
    add_output(query,
               kind >= 7 ? inner.aggregate() : reference{inner.of(type), type});
  }
  if (kind == 9 && !scope.empty()) {
    const auto key = random_.pick(scope);
    if (key.type != sql_type::json) {
      query.text.keys = {key.text};
      add_output(query, key);
    }
  }
  if (kind <= 5 && kind != 3 && !has_json(query.columns))
    order(query);
  item.table = "LATERAL (" + embed(std::move(query.text)) + ")";
  for (const auto& column : query.columns)
    added.push_back({item.alias + "." + column.name, column.type});
  return item;
}

from_item query_maker::function(const scope_t& visible, scope_t& added) {
  const auto alias = next_alias();
  expressions over{random_, visible};
  from_item item;
  switch (random_.between(0, 3)) {
    case 0:
      item.table = fmt::format("generate_series(1, {} % 3)",
                               over.of(sql_type::integer, 1));
      item.alias = alias + " (v)";
      break;
    case 1:
      item.table = fmt::format("unnest({}) WITH ORDINALITY",
                               over.of(sql_type::integers, 1));
      item.alias = alias + " (v, n)";
      added.push_back({alias + ".n", sql_type::bigint});
      break;
    case 2:
      item.table = "(VALUES (1), (3), (NULL))";
      item.alias = alias + " (v)";
      break;
    default:
      item.table
        = fmt::format("unnest(ARRAY[{}, {}])", over.of(sql_type::integer, 1),
                      over.of(sql_type::integer, 0));
      item.alias = alias + " (v)";
  }
  added.push_back({alias + ".v", sql_type::integer});
  return item;
}

void query_maker::join(query_text& query, from_item& item, scope_t& scope,
                       scope_t added, bool commas) {
  static const std::vector<std::string> kinds
    = {"JOIN",      "JOIN",       "JOIN",       "JOIN",      "LEFT JOIN",
       "LEFT JOIN", "RIGHT JOIN", "RIGHT JOIN", "FULL JOIN", "FULL JOIN"};
  if (!scope.empty()) {
    item.join = commas ? "," : random_.pick(kinds);
    if (commas) {
      query.conditions.push_back(join_condition(scope, added, false));
    } else if (random_.chance(4)) {
      item.join = "CROSS JOIN";
    } else if (!random_.chance(30) || !merge(item, scope, added)) {
      item.condition
        = "ON " + join_condition(scope, added, item.join == "FULL JOIN");
      if (random_.chance(8)) {
        expressions over{random_, both(scope, added)};
        item.condition += " AND " + over.condition(0);
      }
    }
  }
  for (const auto& column : added)
    if (!item.condition.starts_with("USING")
        && !item.join.starts_with("NATURAL"))
      std::erase_if(scope, [&](const auto& l) {
        return l.unqualified && l.text == bare(column);
      });
  scope.insert(scope.end(), added.begin(), added.end());
}

/// Makes the join one by USING or NATURAL, if the columns allow that.
bool query_maker::merge(from_item& item, scope_t& scope, const scope_t& added) {
  const bool natural = random_.chance(30);
  auto names = common_names(scope, added, natural);
  if (names.empty())
    return false;
  if (natural) {
    item.join = "NATURAL " + item.join;
  } else {
    if (names.size() > 1 && random_.chance(70))
      names.resize(1);
    item.condition = "USING (" + joined(names) + ")";
  }
  // Of the other names, those that both sides have say nothing alone.
  for (const auto& column : added)
    std::erase_if(scope, [&](const auto& l) {
      return l.unqualified && l.text == bare(column);
    });
  scope_t merged;
  for (const auto& name : names)
    for (const auto& column : added)
      if (bare(column) == name)
        merged.push_back({name, column.type, true});
  if (!natural && random_.chance(40)) {
    const auto alias = fmt::format("j{}", ++aliases_);
    item.condition += " AS " + alias;
    merged.push_back({alias + "." + names[0], merged[0].type});
  }
  scope.insert(scope.end(), merged.begin(), merged.end());
  return true;
}

std::string query_maker::equality(const scope_t& left, const scope_t& right) {
  std::vector<std::string> equalities;
  for (const auto& l : left)
    for (const auto& r : right)
      if (l.type == r.type && l.type != sql_type::json
          && l.type != sql_type::boolean)
        equalities.push_back(l.text + " = " + r.text);
  return equalities.empty() ? std::string{} : random_.pick(equalities);
}

std::string query_maker::join_condition(const scope_t& left,
                                        const scope_t& right, bool full) {
  auto condition = equality(left, right);
  expressions l{random_, left};
  expressions r{random_, right};
  const auto kind = random_.between(1, 100);
  if (condition.empty() || kind <= 7) {
    const auto type = full ? sql_type::integer : l.common_type();
    condition = fmt::format("{} = {}", l.of(type, 1), r.of(type, 1));
  } else if (kind <= 20) {
    condition += " AND " + equality(left, right);
  } else if (kind <= 30 && !full) {
    static const std::vector<std::string> others
      = {" < ", " <> ", " >= ", " IS NOT DISTINCT FROM "};
    condition.replace(condition.find(" = "), 3, random_.pick(others));
  } else if (kind <= 36 && !full) {
    condition = fmt::format("({} OR {})", condition,
                            random_.chance(50) ? equality(left, right)
                                               : r.condition(0));
  } else if (kind <= 38 && !full) {
    condition = "true";
  }
  return condition;
}

} // namespace pgtrickle::test
