#include "services/catalog/query_analysis.hpp"

#include "catalog_queries.hpp"
#include "services/catalog/query_view.hpp"
#include "services/postgres/session.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace pgtrickle::catalog {

namespace {

equality equality_from(const std::string& text) {
  if (text == "exact")
    return equality::exact;
  return text == "loose" ? equality::loose : equality::none;
}

/// The integers of a PostgreSQL array: "{1,2}".
template <class T>
std::vector<T> integers(const std::string& array) {
  std::vector<T> result;
  for (std::size_t at = 1; at + 1 < array.size();) {
    std::size_t used = 0;
    result.push_back(static_cast<T>(std::stoll(array.substr(at), &used)));
    at += used + 1;
  }
  return result;
}

column facts_from(const pqxx::row& row) {
  return {row["type"].as<std::string>(),
          row["collation_name"].as<std::string>(),
          equality_from(row["equality"].as<std::string>()),
          row["indexable"].as<bool>()};
}

std::vector<source_column> columns_of(pqxx::dbtransaction& tx,
                                      const std::string& relation) {
  std::vector<source_column> columns;
  for (const auto& row :
       tx.exec("SELECT * FROM pgtrickle._columns_of(" + relation + ")")) {
    columns.push_back({row["attnum"].as<std::int16_t>(),
                       row["name"].as<std::string>(), facts_from(row),
                       columns.size()});
    columns.back().facts.not_null = row["not_null"].as<bool>();
  }
  return columns;
}

/// Where `attnums` stand among the relation's columns; nothing unless all do.
std::vector<std::size_t>
positions_of(const std::vector<std::int16_t>& attnums,
             const std::vector<source_column>& columns) {
  std::vector<std::size_t> positions;
  for (auto attnum : attnums) {
    const auto at = std::ranges::find(columns, attnum, &source_column::attnum);
    if (at == columns.end())
      return {};
    positions.push_back(static_cast<std::size_t>(at - columns.begin()));
  }
  return positions;
}

/// Reads what queries name, views and what they read included.
class relation_reader {
public:
  relation_reader(pqxx::dbtransaction& tx, const std::string& role,
                  analysed_query& found)
    : tx_(tx), role_(role), found_(found) {}

  /// Returns whether the role may read all that the query of `view` reads.
  bool read(oid view) {
    bool readable = true;
    for (const auto& row :
         tx_.exec_params(std::string{sql::query_relations}, view, role_)) {
      note(row);
      auto& relation = entry(row);
      if (relation.kind == 'v' && !relation.definition) {
        const auto below = read(relation.id);
        if (below && !row["barrier"].as<bool>())
          relation.definition = definition_of(relation.id);
        readable = readable && below;
      }
      readable = readable && row["readable"].as<bool>();
    }
    return readable;
  }

private:
  void note(const pqxx::row& row) {
    for (auto table : integers<oid>(row["tables"].as<std::string>()))
      found_.tables.insert(table);
    for (auto view : integers<oid>(row["views"].as<std::string>()))
      found_.views.insert(view);
    if (!row["uncaptured"].is_null())
      found_.obstacle = "changes of " + row["uncaptured"].as<std::string>()
                        + " can't be captured";
    if (row["row_security"].as<bool>())
      found_.obstacle = "row-level security of " + name_of(row)
                        + " would not apply to its captured changes";
  }

  static std::string name_of(const pqxx::row& row) {
    return quoted(row["schema"].as<std::string>()) + "."
           + quoted(row["name"].as<std::string>());
  }

  /// The relation's facts, with the columns that this query uses too.
  relation_facts& entry(const pqxx::row& row) {
    auto& relation = found_.facts.relations[{row["schema"].as<std::string>(),
                                             row["name"].as<std::string>()}];
    relation.id = row["relid"].as<oid>();
    relation.name = name_of(row);
    relation.kind = row["kind"].as<std::string>().at(0);
    for (auto table : integers<oid>(row["tables"].as<std::string>()))
      relation.tables.insert(table);
    auto used = integers<std::int16_t>(row["attnums"].as<std::string>());
    for (const auto& column : relation.columns)
      used.push_back(column.attnum);
    relation.columns = columns_of(tx_, std::to_string(relation.id));
    std::erase_if(relation.columns, [&](const auto& column) {
      return std::ranges::find(used, column.attnum) == used.end();
    });
    relation.key = positions_of(
      integers<std::int16_t>(row["key"].as<std::string>()), relation.columns);
    read_statistics(relation);
    return relation;
  }

  /// What ANALYZE counted last.
  void read_statistics(relation_facts& relation) {
    relation.rows = tx_
                      .exec_params1("SELECT greatest(reltuples, 0) FROM "
                                    "pg_catalog.pg_class WHERE oid = $1",
                                    relation.id)[0]
                      .as<double>();
    for (const auto& row : tx_.exec_params(
           "SELECT a.attnum, s.n_distinct FROM pg_catalog.pg_class c "
           "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
           "JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname "
           "AND s.tablename = c.relname JOIN pg_catalog.pg_attribute a "
           "ON a.attrelid = c.oid AND a.attname = s.attname "
           "WHERE c.oid = $1 AND s.inherited = (c.relkind = 'p')",
           relation.id)) {
      const auto column = std::ranges::find(
        relation.columns, row[0].as<std::int16_t>(), &source_column::attnum);
      // A negative number is a share of the rows.
      const auto count = row[1].as<double>();
      if (column != relation.columns.end())
        column->distinct = count < 0 ? -count * relation.rows : count;
    }
  }

  std::shared_ptr<const pg_query::SelectStmt> definition_of(oid view) {
    const auto text = tx_.exec_params1("SELECT pg_get_viewdef($1::oid)", view);
    return std::make_shared<const pg_query::SelectStmt>(
      postgres::value_of(parse_select(text[0].as<std::string>())));
  }

  pqxx::dbtransaction& tx_;
  const std::string& role_;
  analysed_query& found_;
};

void read_functions(pqxx::dbtransaction& tx, oid view, query_facts& facts) {
  for (const auto& row :
       tx.exec_params(std::string{sql::query_functions}, view)) {
    facts.reads_clock = row["reads_clock"].as<bool>(false);
    if (row["name"].is_null())
      continue;
    facts.functions.push_back(
      {row["schema"].as<std::string>(), row["name"].as<std::string>(),
       row["volatility"].as<std::string>().at(0),
       row["kind"].as<std::string>().at(0), row["returns_set"].as<bool>()});
  }
}

/// System catalogs leave no trace in pg_depend: they are the unqualified
/// relations that are no CTE.
std::string system_catalog_in(const pg_query::SelectStmt& query) {
  std::set<std::string> ctes;
  std::string found;
  for_each_message(query, [&](const auto& message) {
    if (const auto* cte
        = dynamic_cast<const pg_query::CommonTableExpr*>(&message))
      ctes.insert(cte->ctename());
    return true;
  });
  for_each_message(query, [&](const auto& message) {
    const auto* range = dynamic_cast<const pg_query::RangeVar*>(&message);
    if (range != nullptr && range->schemaname().empty()
        && !ctes.contains(range->relname()))
      found = range->relname();
    return true;
  });
  return found;
}

} // namespace

// Names of types are qualified: the search_path may be the author's.
void create_view(pqxx::dbtransaction& tx, const std::string& name,
                 const std::string& query, const std::string& role) {
  tx.exec_params(
    "SELECT pgtrickle._create_view($1, $2, $3::pg_catalog.regrole)", name,
    query, quoted(role));
}

analysed_query analyse(pqxx::dbtransaction& tx, const std::string& query,
                       const std::string& search_path,
                       const std::string& role) {
  // One SELECT and nothing behind it, before PostgreSQL sees the text.
  (void)postgres::value_of(parse_select(query));
  analysed_query found;
  auto view = view_of(tx, query, search_path, role);
  found.tree = std::move(view.tree);
  found.canonical = to_sql(found.tree);
  for (auto& column : columns_of(tx, std::to_string(view.id))) {
    found.names.push_back(std::move(column.name));
    found.columns.push_back(std::move(column.facts));
  }
  relation_reader{tx, role, found}.read(view.id);
  read_functions(tx, view.id, found.facts);
  auto catalog = system_catalog_in(found.tree);
  for (const auto& [name, relation] : found.facts.relations)
    if (relation.definition && catalog.empty())
      catalog = system_catalog_in(*relation.definition);
  if (!catalog.empty())
    found.obstacle
      = "changes of the system catalog " + catalog + " can't be captured";
  found.references
    = tx.exec_params1("SELECT pgtrickle._references_of($1)", view.id)[0]
        .as<std::string>();
  drop_view_of_query(tx);
  return found;
}

namespace {

/// A column's type, type modifier and collation.
using type_of_column = std::array<std::string, 3>;

/// Describes queries; what it learns of a type it asks for once.
class column_describer {
public:
  column_describer(pqxx::dbtransaction& tx, std::string role)
    : tx_(tx), role_(std::move(role)) {}

  std::vector<column> operator()(const std::string& query) {
    std::vector<column> columns;
    for (const auto& row : outputs_of(query)) {
      const type_of_column type{row[0].c_str(), row[1].c_str(), row[2].c_str()};
      const auto known = facts_.find(type);
      columns.push_back(known != facts_.end() ? known->second : learn(type));
    }
    return columns;
  }

private:
  /// A query that PostgreSQL refuses leaves the transaction as it was.
  pqxx::result outputs_of(const std::string& query) {
    pqxx::subtransaction attempt{tx_};
    postgres::set_savepoint(attempt);
    auto outputs = attempt.exec_params(
      "SELECT * FROM pgtrickle._described($1, $2::pg_catalog.regrole)", query,
      quoted(role_));
    attempt.commit();
    return outputs;
  }

  const column& learn(const type_of_column& type) {
    const auto row
      = tx_.exec_params1("SELECT * FROM pgtrickle._type_facts($1, $2, $3)",
                         type[0], type[1], type[2]);
    return facts_.emplace(type, facts_from(row)).first->second;
  }

  pqxx::dbtransaction& tx_;
  std::string role_;
  std::map<type_of_column, column> facts_;
};

} // namespace

describe_query describer(pqxx::dbtransaction& tx, const std::string& role) {
  return column_describer{tx, role};
}

} // namespace pgtrickle::catalog
