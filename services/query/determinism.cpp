#include "services/query/determinism.hpp"

#include "services/query/parse_tree.hpp"

#include <algorithm>
#include <array>

namespace pgtrickle {

namespace {

constexpr std::array clock_functions
  = {"now", "transaction_timestamp", "statement_timestamp",
     "pg_postmaster_start_time"};

/// Stable functions of PostgreSQL that read settings which the daemon pins
/// (time zone, date style, text search configuration), and nothing else.
bool follows_arguments(const std::string& name) {
  static constexpr std::array prefixes = {"pg_",
                                          "has_",
                                          "current_",
                                          "inet_client",
                                          "inet_server",
                                          "txid_",
                                          "col_description",
                                          "obj_description",
                                          "shobj_description",
                                          "query_to_",
                                          "table_to_",
                                          "schema_to_",
                                          "database_to_",
                                          "cursor_to_",
                                          "row_security",
                                          "session_user",
                                          "get",
                                          "lastval",
                                          "currval",
                                          "ts_stat"};
  return std::ranges::none_of(
    prefixes, [&](const char* prefix) { return name.starts_with(prefix); });
}

std::optional<indeterminism> verdict(const function_facts& f) {
  const bool builtin = f.schema == "pg_catalog";
  const auto name = builtin ? f.name : f.schema + "." + f.name;
  if (builtin
      && std::ranges::find(clock_functions, f.name) != clock_functions.end())
    return indeterminism{"function " + name + "() reads the clock", true};
  if (f.volatility == 'v')
    return indeterminism{"function " + name + "() is volatile"};
  if (f.volatility == 's' && !(builtin && follows_arguments(f.name)))
    return indeterminism{"function " + name
                         + "() is STABLE: what it reads can change unseen"};
  return std::nullopt;
}

std::optional<indeterminism> construct(const pg_query::Node& node) {
  if (node.has_range_table_sample())
    return indeterminism{"TABLESAMPLE picks rows at random"};
  if (node.has_locking_clause())
    return indeterminism{"FOR UPDATE/SHARE locks rows"};
  if (node.has_column_ref()) {
    const auto& fields = node.column_ref().fields();
    const auto& name = fields.empty()
                         ? std::string{}
                         : fields[fields.size() - 1].string().sval();
    for (const auto* system : {"ctid", "xmin", "xmax", "cmin", "cmax"})
      if (name == system)
        return indeterminism{"system column " + name
                             + " changes without a change of the row"};
  }
  if (node.has_select_stmt()) {
    const auto& query = node.select_stmt();
    if ((query.has_limit_count() || query.has_limit_offset())
        && query.sort_clause_size() == 0)
      return indeterminism{"LIMIT without ORDER BY picks rows at random"};
  }
  return std::nullopt;
}

std::optional<indeterminism> construct_in(const pg_query::SelectStmt& query) {
  pg_query::Node root;
  *root.mutable_select_stmt() = query;
  std::optional<indeterminism> found;
  for_each_message(root, [&](const auto& message) {
    if (const auto* node = dynamic_cast<const pg_query::Node*>(&message);
        node != nullptr && !found)
      found = construct(*node);
    return !found;
  });
  return found;
}

} // namespace

std::optional<indeterminism> indeterminism_of(const pg_query::SelectStmt& query,
                                              const query_facts& facts) {
  for (const auto& f : facts.functions)
    if (auto reason = verdict(f))
      return reason;
  if (facts.reads_clock)
    return indeterminism{"CURRENT_DATE and the like read the clock or the role",
                         true};
  if (auto reason = construct_in(query))
    return reason;
  for (const auto& [name, relation] : facts.relations)
    if (relation.definition)
      if (auto reason = construct_in(*relation.definition))
        return reason;
  return std::nullopt;
}

} // namespace pgtrickle
