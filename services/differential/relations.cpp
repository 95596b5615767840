#include "services/differential/relations.hpp"

#include "services/differential/locator.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

std::string any_rows(const std::vector<std::string>& counts) {
  return joined(counts, " + ") + " > 0";
}

std::string no_rows(const std::vector<column_definition>& columns) {
  std::vector<std::string> outputs;
  for (const auto& column : columns)
    outputs.push_back(fmt::format("NULL::{} AS {}", column.type, column.name));
  return fmt::format("(SELECT {} WHERE false)", joined(outputs));
}

column_definition definition(std::string name, const column& type) {
  return {std::move(name), type.collation.empty()
                             ? type.type
                             : type.type + " COLLATE " + type.collation};
}

std::vector<column_definition> definitions(const std::vector<column>& columns) {
  std::vector<column_definition> result;
  for (std::size_t i = 0; i < columns.size(); ++i)
    result.push_back(definition(column_name(i), columns[i]));
  return result;
}

std::vector<column_definition>
delta_definitions(const std::vector<column>& columns) {
  auto result = definitions(columns);
  result.push_back({"__weight", "bigint"});
  return result;
}

std::string exact(const std::string& reference, const column& type) {
  return type.eq == equality::exact ? reference : reference + "::text";
}

std::string consolidated(std::string_view relation,
                         const std::vector<column>& columns) {
  return consolidated(relation, columns, all_columns(columns.size()));
}

std::string consolidated(std::string_view relation,
                         const std::vector<column>& columns,
                         const std::vector<std::size_t>& kept) {
  std::vector<std::string> outputs;
  std::vector<std::string> groups;
  for (auto i : kept) {
    const auto name = "i." + column_name(i);
    // A type without equality can't be grouped by: its text stands for it.
    outputs.push_back(columns[i].eq == equality::none
                        ? fmt::format("({}::text)::{} AS {}", name,
                                      columns[i].type, column_name(i))
                        : name);
    if (columns[i].eq != equality::none)
      groups.push_back(name);
    // Two equal numerics differ in nothing but their scale, which a column of
    // the type numeric(p, s) fixes.
    if (columns[i].type == "numeric")
      groups.push_back("scale(" + name + ")");
    else if (!is_numeric(columns[i].type) && columns[i].eq != equality::exact)
      groups.push_back(name + "::text");
  }
  outputs.emplace_back("sum(i.__weight)::bigint AS __weight");
  return fmt::format("(SELECT {} FROM {} i{}{} HAVING sum(i.__weight) <> 0)",
                     joined(outputs), relation,
                     groups.empty() ? "" : " GROUP BY ", joined(groups));
}

std::string difference(std::string_view query, std::string_view table,
                       const std::vector<std::string>& names) {
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < names.size(); ++i)
    outputs.push_back(fmt::format("s.{} AS {}", names[i], column_name(i)));
  outputs.emplace_back("-1");
  return fmt::format(
    "(SELECT q.*, 1 AS __weight FROM {} q UNION ALL SELECT {} FROM {} s)",
    query, joined(outputs), table);
}

} // namespace pgtrickle
