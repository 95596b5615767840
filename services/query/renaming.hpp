#pragma once
// A query whose objects have other names now.

#include "pg_query.pb.h"

#include <map>
#include <string>
#include <utility>

namespace pgtrickle {

/// A schema and a name in it. The schema is empty where a query leaves it out.
using object_name = std::pair<std::string, std::string>;

/// New names by old ones. A row type is called like its relation.
struct renaming {
  std::map<object_name, object_name> relations;
  std::map<object_name, object_name> functions;
  std::map<object_name, object_name> types;
  std::map<object_name, object_name> operators;
  std::map<object_name, object_name> collations;
};

/// Puts the new names into `query`, all of them at once: two objects may have
/// changed their names with each other. A relation that had no alias gets its
/// former name as one, since its columns are qualified by that.
void rename(pg_query::SelectStmt& query, const renaming& names);

} // namespace pgtrickle
