#include "services/engine/one_off_program.hpp"

#include "services/engine/program_store.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

constexpr const char* function = "pg_temp.__pgt_once";

/// Calls a function of `owner` with that body, which then is gone.
pqxx::row call_once(pqxx::dbtransaction& tx, const std::string& body,
                    const std::string& mode, const std::string& owner) {
  create_function(tx, function, body, owner);
  auto row = tx.exec1(fmt::format(
    "SELECT r[1], r[2] FROM {}('{}', NULL, NULL, NULL, NULL, NULL, NULL) r",
    function, mode));
  tx.exec(fmt::format("DROP FUNCTION {}", function));
  return row;
}

} // namespace

plan rows_of(const std::string& table, const std::vector<std::string>& names,
             const plan& root) {
  std::vector<std::string> columns;
  for (const auto& name : names)
    columns.push_back(quoted(name));
  const auto rows = fmt::format("SELECT {} FROM (SELECT {} FROM {}) AS o({})",
                                column_list("o", names.size()), joined(columns),
                                table, column_list("", names.size()));
  return {opaque{rows, {}, "computed beside"}, root.columns, root.key};
}

row_counts run_once(pqxx::dbtransaction& tx, const refresh_program& program,
                    const std::string& mode, const std::string& owner) {
  for (std::size_t i = 0; i < program.staging.size(); ++i)
    tx.exec(fmt::format("DROP TABLE IF EXISTS {}; {}; GRANT ALL ON {} TO {}",
                        program.staging[i], program.create_staging[i],
                        program.staging[i], quoted(owner)));
  const auto row = call_once(tx, program.function_body, mode, owner);
  for (const auto& table : program.staging)
    tx.exec("DROP TABLE " + table);
  return {row[0].as<std::int64_t>(0), row[1].as<std::int64_t>(0)};
}

void alter_as_owner(pqxx::dbtransaction& tx, const std::string& table,
                    const std::vector<std::string>& actions,
                    const std::string& owner) {
  if (actions.empty())
    return;
  (void)call_once(tx,
                  "BEGIN EXECUTE "
                    + literal("ALTER TABLE " + table + " " + joined(actions))
                    + "; RETURN NULL; END",
                  "FULL", owner);
}

} // namespace pgtrickle::engine
