#include "services/engine/replaced_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::engine {

namespace {

// pg_class is read by the snapshot; the function looks at what is so now.
constexpr auto replaced
  = "SELECT c.oid::regclass FROM unnest($1::oid[]) s (oid) "
    "CROSS JOIN LATERAL (SELECT s.oid UNION ALL SELECT m "
    "FROM pgtrickle._hierarchy_of(s.oid) m WHERE m <> s.oid AND EXISTS "
    "(SELECT FROM pg_inherits WHERE inhparent = s.oid)) h (oid) "
    "JOIN pg_class c ON c.oid = h.oid "
    "WHERE c.relfilenode <> pg_relation_filenode(c.oid) LIMIT 1";

} // namespace

void check_files(pqxx::dbtransaction& tx, const std::set<oid>& tables) {
  tx.conn().prepare("pgt_replaced", replaced);
  const auto found = tx.exec_prepared(
    "pgt_replaced", fmt::format("{{{}}}", fmt::join(tables, ",")));
  if (!found.empty())
    throw postgres::abandoned(
      {errc::serialization_failure,
       found[0][0].as<std::string>()
         + " was truncated or written anew while the refresh waited for it",
       {},
       "The scheduler repeats the refresh by itself."});
}

} // namespace pgtrickle::engine
