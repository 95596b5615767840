#pragma once

#include "services/core/ids.hpp"
#include "services/postgres/session.hpp"

#include <functional>
#include <string>

namespace pgtrickle::engine {

/// One of the two parts of a change buffer, or of `touched` (source 0).
struct buffer_part {
  oid source = 0;
  int number = 0;
  /// Schema-qualified.
  std::string name;
};

/// Truncates `part` in a transaction of its own, if `may` says so once no
/// writer of the part is left. False: it may not, or the part is in use.
[[nodiscard]] result<bool>
empty_part(postgres::session& db, const buffer_part& part,
           const std::function<bool(pqxx::dbtransaction&)>& may);

} // namespace pgtrickle::engine
