#include "services/coordination/database_census.hpp"

namespace pgtrickle {

std::vector<database_id>
database_census::observe(const std::vector<database_row>& rows,
                         time_point now) {
  std::map<oid, entry> observed;
  std::vector<database_id> to_look_into;
  for (const auto& row : rows) {
    const auto known = databases_.find(row.database.id);
    auto current
      = known == databases_.end() ? entry{row, false, now} : known->second;
    // A mark that has just appeared is CREATE EXTENSION's.
    if (row.is_marked && !current.row.is_marked)
      current.next_look = now;
    current.row = row;
    if (!current.has_extension && current.next_look <= now)
      to_look_into.push_back(row.database);
    observed.emplace(row.database.id, std::move(current));
  }
  databases_ = std::move(observed);
  return to_look_into;
}

void database_census::looked_into(oid database, bool has_extension,
                                  time_point now) {
  const auto found = databases_.find(database);
  if (found == databases_.end())
    return;
  found->second.has_extension = has_extension;
  found->second.next_look = next_look_of(found->second, now);
}

void database_census::lost(oid database, time_point now) {
  looked_into(database, false, now);
}

std::set<database_id> database_census::with_extension() const {
  std::set<database_id> databases;
  for (const auto& [id, known] : databases_)
    if (known.has_extension)
      databases.insert(known.row.database);
  return databases;
}

database_census::time_point database_census::next_look_of(const entry& known,
                                                          time_point now) {
  return now + (known.row.is_marked ? marked_interval : unmarked_interval);
}

} // namespace pgtrickle
