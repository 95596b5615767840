#include "services/coordination/fleet_view.hpp"

namespace pgtrickle {

void fleet_view::know(const std::set<database_id>& databases) {
  names_.clear();
  for (const auto& database : databases)
    names_.emplace(database.id, database.name);
  std::erase_if(entries_, [&](const auto& known) {
    return !known.second.is_own && !names_.contains(known.first);
  });
}

void fleet_view::own(fleet_report report, time_point now) {
  keep(std::move(report), now, true);
}

void fleet_view::let_go(oid database) {
  if (const auto found = entries_.find(database); found != entries_.end())
    found->second.is_own = false;
}

void fleet_view::heard(fleet_report report, time_point now) {
  const auto id = report.database.id;
  const auto name = names_.find(id);
  if (name == names_.end())
    return;
  const auto known = entries_.find(id);
  if (known != entries_.end() && !is_believed(known->second, report, now))
    return;
  report.database.name = name->second;
  keep(std::move(report), now, false);
}

/// Of two that say they own a database, the later epoch does; of those with the
/// same one, who said it first, until he is silent.
bool fleet_view::is_believed(const entry& known, const fleet_report& report,
                             time_point now) {
  const auto former = known.report.database.owner_epoch;
  const auto epoch = report.database.owner_epoch;
  if (epoch != former)
    return epoch > former
           || (!known.is_own && now - known.heard_at >= silent_after);
  return report.node == known.report.node
         || (!known.is_own && now - known.heard_at >= silent_after);
}

void fleet_view::keep(fleet_report report, time_point now, bool is_own) {
  const auto id = report.database.id;
  entries_.insert_or_assign(id, entry{std::move(report), now, is_own});
}

std::vector<fleet_view::row> fleet_view::rows(time_point now) const {
  std::vector<row> known;
  for (const auto& [id, entry] : entries_) {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
      now - entry.heard_at);
    known.push_back({entry.report, entry.heard_at, age, age < silent_after});
  }
  return known;
}

} // namespace pgtrickle
