#include "services/engine/column_changes.hpp"

#include "services/postgres/session.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace pgtrickle::engine {

namespace {

struct table_column {
  std::int16_t attnum = 0;
  std::string type;
  std::string collation;
};

std::map<std::string, table_column> columns_of(pqxx::dbtransaction& tx,
                                               oid relation) {
  std::map<std::string, table_column> columns;
  for (const auto& row :
       tx.exec_params("SELECT attnum, name, type, collation_name "
                      "FROM pgtrickle._columns_of($1)",
                      relation))
    columns[row[1].as<std::string>()]
      = {row[0].as<std::int16_t>(), row[2].as<std::string>(),
         row[3].as<std::string>()};
  return columns;
}

std::string type_of(const column& facts) {
  return facts.collation.empty() ? facts.type
                                 : facts.type + " COLLATE " + facts.collation;
}

} // namespace

column_changes column_changes_for(pqxx::dbtransaction& tx,
                                  const catalog::stored_stream_table& table,
                                  const catalog::analysed_query& query) {
  auto before = columns_of(tx, table.relid);
  column_changes changes;
  const auto goes = [&](const std::string& name, const table_column& column) {
    changes.gone.push_back(column.attnum);
    changes.gone_names.push_back(quoted(name));
  };
  for (std::size_t i = 0; i < query.names.size(); ++i) {
    const auto name = quoted(query.names[i]);
    const auto& facts = query.columns[i];
    const auto found = before.extract(query.names[i]);
    if (!found) {
      changes.empty_names.insert(query.names[i]);
      changes.additions.push_back(
        fmt::format("ADD COLUMN {} {}", name, type_of(facts)));
    } else if (found.mapped().type != facts.type
               || found.mapped().collation != facts.collation) {
      changes.empty_names.insert(query.names[i]);
      // The values are replaced anyway, and may have no cast.
      changes.additions.push_back(fmt::format(
        "ALTER COLUMN {0} TYPE {1} USING NULL", name, type_of(facts)));
      goes(query.names[i], found.mapped());
    }
  }
  for (const auto& [name, column] : before) {
    changes.drops.push_back("DROP COLUMN " + quoted(name));
    goes(name, column);
  }
  return changes;
}

void check_dependents(pqxx::dbtransaction& tx,
                      const catalog::stored_stream_table& table,
                      const column_changes& changes) {
  if (changes.gone.empty())
    return;
  std::vector<std::string> dependents;
  for (const auto& row : tx.exec_params(
         "SELECT pgtrickle._column_dependents($1, $2::smallint[])", table.relid,
         fmt::format("{{{}}}", fmt::join(changes.gone, ","))))
    dependents.push_back(row[0].as<std::string>());
  if (!dependents.empty())
    throw postgres::abandoned(
      {errc::dependents_exist,
       fmt::format("the query has no longer the columns {} of {}, on which "
                   "others depend",
                   joined(changes.gone_names), table.name),
       joined(dependents),
       "Drop what the detail names first, or keep the columns with their "
       "types."});
}

} // namespace pgtrickle::engine
