#include "test/engine/property/query_text.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <set>

namespace pgtrickle::test {

namespace {

constexpr char part_start = '\x01';
constexpr char part_end = '\x02';

std::string from_text(const std::vector<from_item>& items) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty())
      text += item.join == "," ? ", " : " " + item.join + " ";
    text += item.table;
    if (!item.alias.empty())
      text += " AS " + item.alias;
    if (!item.condition.empty())
      text += " " + item.condition;
  }
  return text;
}

std::string select_text(const query_text& query) {
  auto text
    = fmt::format("SELECT {}{}{}", query.distinct,
                  query.distinct.empty() ? "" : " ", joined(query.outputs));
  if (!query.from.empty())
    text += " FROM " + from_text(query.from);
  if (!query.conditions.empty())
    text += " WHERE (" + joined(query.conditions, ") AND (") + ")";
  if (!query.keys.empty())
    text += " GROUP BY " + joined(query.keys);
  if (!query.having.empty())
    text += " HAVING " + query.having;
  if (!query.windows.empty())
    text += " WINDOW " + query.windows;
  return text;
}

/// The text with the names of parts in it.
std::string outline(const query_text& query) {
  if (query.joins_only)
    return from_text(query.from);
  auto text = query.with;
  if (query.operation.empty()) {
    text += select_text(query);
  } else {
    std::vector<std::string> arms;
    for (const auto& arm : query.arms)
      arms.push_back("(" + outline(arm) + ")");
    text += joined(arms, " " + query.operation + " ");
  }
  return query.suffix.empty() ? text : text + " " + query.suffix;
}

/// `text` with the parts in it written out; `used` gathers which.
std::string filled(const std::string& text,
                   const std::vector<query_text>& parts,
                   std::set<std::size_t>& used) {
  std::string whole;
  std::size_t at = 0;
  for (auto start = text.find(part_start); start != std::string::npos;
       start = text.find(part_start, at)) {
    const auto end = text.find(part_end, start);
    const auto number = std::stoul(text.substr(start + 1, end - start - 1));
    used.insert(number);
    whole += text.substr(at, start - at);
    whole += filled(outline(parts.at(number)), parts, used);
    at = end + 1;
  }
  return whole + text.substr(at);
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

/// Queries that lack something of `query` itself, with the parts that it has.
std::vector<query_text> simpler_itself(const query_text& query) {
  std::vector<query_text> all;
  for (const auto& arm : query.arms)
    add(all, arm, [&](query_text& copy) { copy.parts = query.parts; });
  for (std::size_t i = 0; i < query.arms.size(); ++i)
    for (const auto& arm : simpler_itself(query.arms[i]))
      add(all, query, [&](query_text& copy) { copy.arms[i] = arm; });
  for (auto member : {&query_text::with, &query_text::suffix,
                      &query_text::having, &query_text::distinct})
    if (!(query.*member).empty())
      add(all, query, [&](query_text& copy) { (copy.*member).clear(); });
  add_without_each(all, query, &query_text::from, query.keys.empty() ? 0 : 1);
  add_without_each(all, query, &query_text::conditions, 0);
  add_without_each(all, query, &query_text::keys, 0);
  add_without_each(all, query, &query_text::outputs, 1);
  return all;
}

} // namespace

std::string part(std::size_t number) {
  return part_start + std::to_string(number) + part_end;
}

std::string to_sql(const query_text& query) {
  std::set<std::size_t> used;
  return filled(outline(query), query.parts, used);
}

std::vector<query_text> simpler(const query_text& query) {
  std::set<std::size_t> used;
  (void)filled(outline(query), query.parts, used);
  std::vector<query_text> all;
  for (const auto number : used)
    if (!query.parts[number].joins_only)
      add(all, query.parts[number],
          [&](query_text& copy) { copy.parts = query.parts; });
  for (auto& candidate : simpler_itself(query))
    all.push_back(std::move(candidate));
  for (const auto number : used)
    for (const auto& smaller : simpler_itself(query.parts[number]))
      add(all, query, [&](query_text& copy) { copy.parts[number] = smaller; });
  return all;
}

} // namespace pgtrickle::test
