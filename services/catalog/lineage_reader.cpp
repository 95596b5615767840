#include "services/catalog/lineage.hpp"
#include "services/postgres/session.hpp"

#include <fmt/format.h>

namespace pgtrickle::catalog {

namespace {

// The file's name, since pg_control has a new timeline only after the first
// checkpoint on it; the place of insertion, since a snapshot sees commits whose
// records are not yet written.
constexpr auto place
  = "SELECT (SELECT system_identifier FROM pg_control_system()), "
    "('x' || substr(pg_walfile_name(lsn), 1, 8))::bit(32)::bigint, lsn "
    "FROM pg_current_wal_insert_lsn() lsn";

std::uint64_t position(const std::string& lsn) {
  if (const auto parsed = parse_lsn(lsn))
    return *parsed;
  throw postgres::abandoned({errc::invariant_violated,
                             "PostgreSQL gave \"" + lsn + "\" for an LSN",
                             {},
                             {}});
}

} // namespace

lineage current_lineage(pqxx::transaction_base& tx) {
  const auto rows = tx.exec(place);
  const auto row = rows[0];
  lineage found;
  found.now = {row[0].as<std::string>(), row[1].as<std::uint32_t>(),
               position(row[2].as<std::string>())};
  // The first timeline has no file, as has nothing that came before.
  const auto file
    = tx.exec_params("SELECT pg_read_file($1, 0, 1048576, true)",
                     fmt::format("pg_wal/{:08X}.history", found.now.timeline));
  found.past = parse_history(file[0][0].as<std::string>(""));
  return found;
}

} // namespace pgtrickle::catalog
