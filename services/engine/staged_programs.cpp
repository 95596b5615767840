#include "services/engine/staged_programs.hpp"

#include "services/differential/program_json.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/work_item.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::engine {

namespace {

refresh_program load_program(pqxx::dbtransaction& tx, work_item& item) {
  const auto id = item.table.id;
  if (auto program = program_from_json(catalog::program_of(tx, id)))
    return std::move(*program);
  (void)replace_program(tx, item.table);
  item.table = catalog::load(tx, {id}).at(id);
  item.table.needs_reinit = true;
  item.table.reinit_reason = "compiled by another version of pgtrickle";
  return program_from_json(catalog::program_of(tx, id)).value();
}

} // namespace

result<void> staged_programs::prepare(postgres::session& db, work_item& item) {
  const auto id = item.table.id;
  const auto known = entries_.find(id);
  if (known != entries_.end()
      && known->second.version == item.table.definition_version) {
    known->second.used = ++uses_;
    return {};
  }
  ++compiled_;
  entry fresh;
  auto done = db.run<void>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      forget(tx, id);
      make_room(tx);
      fresh.program = load_program(tx, item);
      for (const auto& table : fresh.program.staging)
        tx.exec("DROP TABLE IF EXISTS " + table);
      for (const auto& statement : fresh.program.create_staging)
        tx.exec(statement);
      // Empty as they are: the planner takes a table that was never analysed
      // for ten pages at least, and would rather read a source than look up
      // what a few staged rows join.
      for (const auto& table : fresh.program.staging)
        tx.exec("ANALYZE " + table);
      for (const auto& table : fresh.program.staging)
        tx.exec(fmt::format("GRANT ALL ON {} TO {}", table,
                            quoted(item.table.owner)));
    });
  if (!done) {
    entries_.erase(id);
    return done;
  }
  fresh.version = item.table.definition_version;
  fresh.used = ++uses_;
  entries_.insert_or_assign(id, std::move(fresh));
  return {};
}

void staged_programs::forget(pqxx::dbtransaction& tx, stream_table_id id) {
  const auto known = entries_.find(id);
  if (known == entries_.end())
    return;
  for (const auto& table : known->second.program.staging)
    tx.exec("DROP TABLE IF EXISTS " + table);
  // The call of its function (refresh_one).
  tx.conn().unprepare(refresh_function(id));
}

void staged_programs::make_room(pqxx::dbtransaction& tx) {
  if (entries_.size() < most_programs)
    return;
  const auto oldest = std::ranges::min_element(
    entries_, {}, [](const auto& x) { return x.second.used; });
  forget(tx, oldest->first);
  entries_.erase(oldest);
}

} // namespace pgtrickle::engine
