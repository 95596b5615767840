#include "services/differential/apply.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// With a unique key, a row that goes and one that comes with the same key are
/// an UPDATE: of each key's rows the one that comes is the one that counts.
void merge(program_builder& program, const applied_table& table,
           const locator& where, const std::string& changes) {
  const auto names = column_names(table.columns.size());
  std::vector<std::string> key;
  for (auto i : where.key())
    key.push_back("c." + names[i]);
  std::vector<std::string> sets;
  for (std::size_t i = 0; i < names.size(); ++i)
    sets.push_back(fmt::format("{} = d.{}", table.columns[i], names[i]));
  program.run(fmt::format(
    "MERGE INTO {} s USING (SELECT DISTINCT ON ({}) * FROM {} c ORDER BY {}, "
    "c.__weight DESC) d ON {} "
    "WHEN MATCHED AND d.__weight > 0 THEN UPDATE SET {} "
    "WHEN MATCHED THEN DELETE "
    "WHEN NOT MATCHED AND d.__weight > 0 THEN INSERT ({}) VALUES ({})",
    table.name, joined(key), changes, joined(key),
    where.equal(references("s", table.columns), references("d", names)),
    joined(sets), joined(table.columns), joined(references("d", names))));
}

/// Without one the table is a bag: exactly as many copies go as the weight
/// says.
void replace(program_builder& program, const applied_table& table,
             const locator& where, const std::string& changes) {
  const auto names = column_names(table.columns.size());
  program.select(
    fmt::format("SELECT -sum(__weight)::bigint FROM {} d WHERE __weight < 0",
                changes),
    "missing");
  program.begin_if("missing > 0");
  program.run(fmt::format(
    "DELETE FROM {0} s USING (SELECT x.id FROM (SELECT s.ctid AS id, "
    "row_number() OVER (PARTITION BY d.__id) AS copy, -d.__weight AS copies "
    "FROM (SELECT *, row_number() OVER () AS __id FROM {1} d "
    "WHERE __weight < 0) d JOIN {0} s ON {2}) x "
    "WHERE x.copy <= x.copies) gone WHERE s.ctid = gone.id",
    table.name, changes,
    where.identical(references("s", table.columns), references("d", names))));
  program.begin_if("n <> missing");
  program.line(fmt::format(
    "RAISE EXCEPTION USING ERRCODE = 'data_corrupted', MESSAGE = format('%s of "
    "%s rows that have to go are not in %s', missing - n, missing, {});",
    literal(table.name)));
  program.end_if();
  program.end_if();
  program.run(fmt::format(
    "INSERT INTO {} ({}) SELECT {} FROM {} d, generate_series(1, d.__weight) "
    "WHERE d.__weight > 0",
    table.name, joined(table.columns), joined(references("d", names)),
    changes));
}

} // namespace

void apply(program_builder& program, const applied_table& table,
           const locator& where, const std::string& changes) {
  if (where.is_unique())
    merge(program, table, where, changes);
  else
    replace(program, table, where, changes);
}

} // namespace pgtrickle
