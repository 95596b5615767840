#include "services/snapshots/subject.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/stream_table_names.hpp"

namespace pgtrickle::snapshots {

result<subject> find_subject(postgres::session& db, const caller& by,
                             const std::string& name) {
  return db.run<subject>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto id = engine::resolve(tx, by, name);
      const auto table = catalog::load(tx, {id}).at(id);
      engine::check_owner(tx, by, table.relid, table.name);
      return subject{id, table.relid, table.name, table.refresh_mode};
    });
}

} // namespace pgtrickle::snapshots
