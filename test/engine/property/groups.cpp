#include "services/query/sql_text.hpp"
#include "test/engine/property/query_maker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::test {

void query_maker::group(random_query& query, expressions& over,
                        const scope_t& outer) {
  scope_t keys;
  for (int i = random_.between(0, 2); i > 0; --i) {
    const auto type = over.common_type();
    auto column = over.column(type);
    const bool plain = !column.empty() && random_.chance(70);
    auto key = plain ? column : "coalesce(" + over.of(type) + ")";
    query.text.keys.push_back(key);
    keys.push_back({key, type});
    add_output(query, {std::move(key), type});
  }
  for (int i = random_.between(keys.empty() ? 1 : 0, 3); i > 0; --i) {
    auto call = over.aggregate();
    if (call.type == sql_type::bigint && random_.chance(15))
      call.text = "coalesce(" + call.text + ", 0) + count(*)";
    add_output(query, call);
  }
  if (random_.chance(10) && !keys.empty())
    if (auto value = subquery_value(sql_type::bigint, keys); !value.empty())
      add_output(query, {std::move(value), sql_type::bigint});
  add_grouping_sets(query);
  if (random_.chance(12))
    add_window_over_groups(query);
  if (!random_.chance(25))
    return;
  const auto kind = random_.between(0, 9);
  if (kind < 4)
    query.text.having = "count(*) > 1";
  else if (kind < 7)
    query.text.having = over.aggregate().text + " IS NOT NULL";
  else
    query.text.having = subquery_condition(both(keys, outer));
  if (kind == 9)
    query.text.having = "count(*) > 2 OR " + query.text.having;
  if (query.text.having.empty() || query.text.having.ends_with(" OR "))
    query.text.having = "count(*) > 2";
}

void query_maker::add_grouping_sets(random_query& query) {
  // PostgreSQL 15 mistakes constant keys of grouping sets.
  const bool plain = std::ranges::none_of(query.text.keys, [](const auto& key) {
    return key.starts_with("coalesce");
  });
  auto& keys = query.text.keys;
  if (keys.size() != 2 || keys[0] == keys[1] || !plain || !random_.chance(25))
    return;
  static const std::vector<std::string> forms
    = {"ROLLUP ({0}, {1})", "CUBE ({0}, {1})", "{0}, ROLLUP ({1})",
       "GROUPING SETS (({0}), ({1}), ())",
       "GROUPING SETS (({0}, {1}), ({0}), ({0}))"};
  if (random_.chance(60))
    add_output(query, {fmt::format("grouping({}, {})", keys[0], keys[1]),
                       sql_type::integer});
  keys = {fmt::format(fmt::runtime(random_.pick(forms)), keys[0], keys[1])};
}

// Ordered by all that the list gives out: rows that are equal in it may be
// numbered either way.
void query_maker::add_window_over_groups(random_query& query) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < query.columns.size(); ++i) {
    const auto& text = query.text.outputs[i];
    auto value = text.substr(0, text.rfind(" AS "));
    all.push_back("(" + value + ")"
                  + (query.columns[i].type == sql_type::json ? "::text" : ""));
  }
  if (all.empty())
    return;
  switch (random_.between(0, 3)) {
    case 0:
      add_output(query, {"rank() OVER (ORDER BY count(*))", sql_type::bigint});
      break;
    case 1:
      add_output(query,
                 {fmt::format("sum(count(*)) OVER (PARTITION BY {})", all[0]),
                  sql_type::numeric});
      break;
    case 2:
      add_output(query,
                 {fmt::format("count(*) OVER (ORDER BY {})", joined(all)),
                  sql_type::bigint});
      break;
    default:
      add_output(query,
                 {fmt::format("row_number() OVER (ORDER BY {})", joined(all)),
                  sql_type::bigint});
  }
}

} // namespace pgtrickle::test
