#include "services/observation/change_gate.hpp"

#include <fmt/format.h>

#include <iterator>
#include <sstream>

namespace pgtrickle::observation {

namespace {

// What is visible by this statement's snapshot and not by the one before.
constexpr auto prepare_look
  = "PREPARE pgt_look (text) AS SELECT now, CASE WHEN now <> $1 THEN "
    "(SELECT string_agg(source::text, ' ') FROM "
    "pgtrickle._touched_since($1::pg_snapshot) AS news (source)) END "
    "FROM CAST(pg_current_snapshot() AS text) AS now";

std::vector<oid> numbers(const std::string& text) {
  std::istringstream words{text};
  return {std::istream_iterator<oid>{words}, {}};
}

} // namespace

result<std::vector<oid>> change_gate::look(postgres::session& db) {
  if (last_snapshot_.empty())
    return begin(db);
  auto seen = db.exec(fmt::format("EXECUTE pgt_look('{}')", last_snapshot_));
  if (!seen)
    return tl::unexpected(std::move(seen.error()));
  last_snapshot_ = (*seen)[0][0].as<std::string>();
  return numbers((*seen)[0][1].as<std::string>(""));
}

result<std::vector<oid>> change_gate::begin(postgres::session& db) {
  if (auto prepared = db.exec(prepare_look); !prepared)
    return tl::unexpected(std::move(prepared.error()));
  return db.exec("SELECT pg_current_snapshot()::text")
    .map([&](const pqxx::result& current) {
      last_snapshot_ = current[0][0].as<std::string>();
      return std::vector<oid>{};
    });
}

} // namespace pgtrickle::observation
