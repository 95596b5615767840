#pragma once
// From the name that a user writes to the object that is meant.

#include "services/engine/stream_table.hpp"

#include <pqxx/pqxx>

namespace pgtrickle::engine {

/// The search_path of `by` with "$user" replaced by the role.
[[nodiscard]] std::string search_path_of(const caller& by);

/// A name that is free or taken: its schema (the caller's current one if the
/// name has none) and itself. Throws invalid_argument.
struct qualified_name {
  std::string schema;
  std::string name;
};
[[nodiscard]] qualified_name
parse_name(pqxx::dbtransaction& tx, const caller& by, const std::string& text);

/// The relation that `text` names for `by`; 0: none.
[[nodiscard]] oid relation_named(pqxx::dbtransaction& tx, const caller& by,
                                 const std::string& text);

/// The stream table that `text` names. Throws stream_table_not_found.
[[nodiscard]] stream_table_id resolve(pqxx::dbtransaction& tx, const caller& by,
                                      const std::string& text);

/// Throws permission_denied unless `by` owns the relation, is a member of its
/// owner, or is a superuser.
void check_owner(pqxx::dbtransaction& tx, const caller& by, oid relid,
                 const std::string& name);

} // namespace pgtrickle::engine
