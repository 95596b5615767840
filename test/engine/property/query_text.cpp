#include "test/engine/property/query_text.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle::test {

namespace {

std::string from_text(const std::vector<from_item>& items) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty())
      text += item.join == "," ? ", " : " " + item.join + " ";
    text += item.subquery ? "(" + to_sql(*item.subquery) + ")" : item.table;
    text += " AS " + item.alias;
    if (!item.condition.empty())
      text += " " + item.condition;
  }
  return text;
}

/// Adds a copy of `query` with `change` made to it.
template <class Change>
void add(std::vector<query_text>& all, const query_text& query, Change change) {
  auto copy = query;
  change(copy);
  all.push_back(std::move(copy));
}

/// Adds copies of `query` that lack one element of a list.
template <class T>
void add_without_each(std::vector<query_text>& all, const query_text& query,
                      std::vector<T> query_text::*list, std::size_t least) {
  for (std::size_t i = 0;
       (query.*list).size() > least && i < (query.*list).size(); ++i)
    add(all, query, [&](query_text& copy) {
      (copy.*list).erase((copy.*list).begin() + static_cast<long>(i));
    });
}

} // namespace

std::string to_sql(const query_text& query) {
  std::string text = query.with;
  if (!query.operation.empty()) {
    std::vector<std::string> arms;
    for (const auto& arm : query.arms)
      arms.push_back("(" + to_sql(arm) + ")");
    text += joined(arms, " " + query.operation + " ");
  } else {
    text
      += fmt::format("SELECT {}{}{}", query.distinct,
                     query.distinct.empty() ? "" : " ", joined(query.outputs));
    if (!query.from.empty())
      text += " FROM " + from_text(query.from);
    if (!query.conditions.empty())
      text += " WHERE (" + joined(query.conditions, ") AND (") + ")";
    if (!query.keys.empty())
      text += " GROUP BY " + joined(query.keys);
    if (!query.having.empty())
      text += " HAVING " + query.having;
  }
  return query.suffix.empty() ? text : text + " " + query.suffix;
}

std::vector<query_text> simpler(const query_text& query) {
  std::vector<query_text> all;
  for (const auto& arm : query.arms)
    all.push_back(arm);
  for (const auto& item : query.from)
    if (item.subquery)
      all.push_back(*item.subquery);
  for (std::size_t i = 0; i < query.arms.size(); ++i)
    for (const auto& arm : simpler(query.arms[i]))
      add(all, query, [&](query_text& copy) { copy.arms[i] = arm; });
  for (auto part :
       {&query_text::suffix, &query_text::having, &query_text::distinct})
    if (!(query.*part).empty())
      add(all, query, [&](query_text& copy) { (copy.*part).clear(); });
  add_without_each(all, query, &query_text::from, 1);
  add_without_each(all, query, &query_text::conditions, 0);
  add_without_each(all, query, &query_text::keys, 0);
  add_without_each(all, query, &query_text::outputs, 1);
  for (std::size_t i = 0; i < query.from.size(); ++i)
    if (query.from[i].subquery)
      for (const auto& sub : simpler(*query.from[i].subquery))
        add(all, query, [&](query_text& copy) {
          copy.from[i].subquery = std::make_shared<const query_text>(sub);
        });
  return all;
}

} // namespace pgtrickle::test
