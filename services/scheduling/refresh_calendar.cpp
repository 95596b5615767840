#include "services/scheduling/refresh_calendar.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

/// The table without its age, which is no part of its definition.
scheduled_table definition_of(scheduled_table table) {
  table.populated = table.populated && table.age;
  table.age.reset();
  return table;
}

} // namespace

// -- definitions
// ---------------------------------------------------------------

void refresh_calendar::load(const std::vector<scheduled_table>& tables,
                            moment now) {
  std::set<stream_table_id> present;
  for (const auto& table : tables)
    present.insert(table.id);
  const auto known = relids_;
  for (const auto& [id, relid] : known)
    if (!present.contains(id))
      remove(id);
  for (const auto& table : tables)
    if (const auto* e = find(table.id);
        e == nullptr || e->table != definition_of(table))
      replace(table, now);
}

void refresh_calendar::replace(const scheduled_table& table, moment now) {
  observe(now);
  if (const auto* known = find(table.id);
      known != nullptr && known->table.relid != table.relid)
    remove(table.id);
  const auto former_sources = graph_.sources_of(table.relid);
  relids_[table.id] = table.relid;
  graph_.set_sources(table.relid, table.sources);
  auto& e = entries_[table.relid];
  e.table = definition_of(table);
  if (table.age) {
    e.as_of = now.steady - *table.age;
    e.done_until = std::max(e.done_until, now.wall - *table.age);
  }
  e.failures = 0;
  e.not_before = {};
  mark(e, {});
  reschedule(table.relid);
  for (const auto source : former_sources)
    reschedule(source);
}

void refresh_calendar::remove(stream_table_id id) {
  const auto found = relids_.find(id);
  if (found == relids_.end())
    return;
  const auto relid = found->second;
  relids_.erase(found);
  dequeue(entries_.at(relid));
  entries_.erase(relid);
  in_flight_.erase(relid);
  waiting_.erase(relid);
  const auto sources = graph_.sources_of(relid);
  graph_.remove(relid);
  for (const auto source : sources)
    reschedule(source);
  wake_waiting();
}

// -- changes
// -------------------------------------------------------------------

void refresh_calendar::touched(std::span<const oid> sources, wall_time since) {
  for (const auto source : sources)
    for (const auto dependant : graph_.dependants_of(source))
      if (auto* e = at(dependant)) {
        mark(*e, since);
        enqueue(*e);
      }
}

void refresh_calendar::mark(entry& e, wall_time since) {
  e.since = e.pending ? std::min(e.since, since) : since;
  e.pending = true;
}

// -- handing out
// ---------------------------------------------------------------

std::vector<refresh_calendar::batch> refresh_calendar::take_due(moment now) {
  observe(now);
  auto members = take_seeds(now);
  add_due_downstream(members, now);
  put_off_blocked(members);
  std::vector<batch> batches;
  for (const auto& relids : graph_.connected_batches(members)) {
    take_off(relids, now);
    auto& tables = batches.emplace_back();
    for (const auto relid : relids)
      tables.push_back(entries_.at(relid).table.id);
  }
  return batches;
}

std::set<oid> refresh_calendar::take_seeds(moment now) {
  std::set<oid> seeds;
  while (!queue_.empty() && queue_.begin()->first <= now.steady) {
    const auto relid = queue_.begin()->second;
    auto& e = entries_.at(relid);
    dequeue(e);
    // The queue may be behind the clock by as much as is tolerated.
    if (due(e, e.since) <= now.steady)
      seeds.insert(relid);
    else
      enqueue(e);
  }
  return seeds;
}

/// What a refresh of `members` makes pending, and is due already, joins them:
/// it sees their new rows in the same transaction.
void refresh_calendar::add_due_downstream(std::set<oid>& members, moment now) {
  std::vector<oid> open{members.begin(), members.end()};
  while (!open.empty()) {
    const auto since = at(open.back())->since;
    const auto readers = consumers(open.back());
    open.pop_back();
    for (const auto relid : readers) {
      auto& e = entries_.at(relid);
      if (e.flight == 0 && !members.contains(relid)
          && due(e, since) <= now.steady) {
        mark(e, since);
        members.insert(relid);
        open.push_back(relid);
      }
    }
  }
}

/// Takes out of `members` what has to wait for a table in flight, and what
/// reads it.
void refresh_calendar::put_off_blocked(std::set<oid>& members) {
  std::set<oid> put_off;
  for (const auto relid : graph_.in_order(members)) {
    const auto& sources = graph_.sources_of(relid);
    const auto source_waits
      = std::any_of(sources.begin(), sources.end(),
                    [&](oid source) { return put_off.contains(source); });
    if (source_waits || is_blocked(relid)) {
      put_off.insert(relid);
      members.erase(relid);
      waiting_.insert(relid);
      dequeue(entries_.at(relid));
    }
  }
}

bool refresh_calendar::is_blocked(oid relid) const {
  if (in_flight_.empty())
    return false;
  const auto flies = [&](oid other) { return in_flight_.contains(other); };
  const auto ancestors = graph_.ancestors(relid);
  const auto descendants = graph_.descendants(relid);
  return flies(relid) || std::any_of(ancestors.begin(), ancestors.end(), flies)
         || std::any_of(descendants.begin(), descendants.end(), flies);
}

void refresh_calendar::take_off(const std::vector<oid>& members, moment now) {
  ++last_flight_;
  for (const auto relid : members) {
    auto& e = entries_.at(relid);
    dequeue(e);
    e.flight = last_flight_;
    e.taken_off = now.wall;
    e.flight_since = e.since;
    e.pending = false;
    in_flight_.insert(relid);
  }
}

refresh_calendar::batch refresh_calendar::order_for(stream_table_id id) const {
  const auto found = relids_.find(id);
  if (found == relids_.end())
    return {};
  auto chain = graph_.ancestors(found->second);
  chain.insert(found->second);
  std::set<oid> stale;
  batch order;
  for (const auto relid : graph_.in_order(chain)) {
    const auto* e = at(relid);
    if (e == nullptr)
      continue;
    const auto& sources = graph_.sources_of(relid);
    const auto will_change
      = e->pending
        || std::any_of(sources.begin(), sources.end(),
                       [&](oid source) { return stale.contains(source); });
    if (relid == found->second || (e->table.active && will_change)) {
      stale.insert(relid);
      order.push_back(e->table.id);
    }
  }
  return order;
}

bool refresh_calendar::take(const batch& order, moment now) {
  observe(now);
  std::vector<oid> relids;
  for (const auto id : order) {
    const auto found = relids_.find(id);
    if (found == relids_.end() || is_blocked(found->second))
      return false;
    relids.push_back(found->second);
  }
  for (const auto relid : relids)
    mark(entries_.at(relid), now.wall);
  take_off(relids, now);
  return true;
}

// -- coming back
// ---------------------------------------------------------------

void refresh_calendar::refreshed(stream_table_id id, moment as_of, bool changed,
                                 std::chrono::steady_clock::duration took) {
  if (auto* e = find(id)) {
    const auto flight = e->flight;
    if (changed)
      for (const auto dependant : graph_.dependants_of(e->table.relid))
        if (auto* reader = at(dependant);
            reader && (flight == 0 || reader->flight != flight)) {
          mark(*reader, flight == 0 ? as_of.wall : e->flight_since);
          enqueue(*reader);
        }
    e->as_of = as_of.steady;
    e->took = took;
    e->done_until = std::max({e->done_until, e->taken_off, as_of.wall});
    e->failures = 0;
    e->not_before = {};
    e->table.populated = true;
    e->table.needs_reinit = false;
    if (e->table.always)
      mark(*e, as_of.wall);
    land(*e);
  }
}

void refresh_calendar::failed(stream_table_id id, moment now, double random) {
  if (auto* e = find(id)) {
    mark(*e, e->flight == 0 ? now.wall : e->flight_since);
    ++e->failures;
    e->not_before = now.steady + options_.retry.delay(e->failures, random);
    land(*e);
  }
}

void refresh_calendar::released(stream_table_id id) {
  if (auto* e = find(id); e != nullptr && e->flight != 0) {
    mark(*e, e->flight_since);
    land(*e);
  }
}

void refresh_calendar::land(entry& e) {
  e.flight = 0;
  in_flight_.erase(e.table.relid);
  reschedule(e.table.relid);
  wake_waiting();
}

void refresh_calendar::wake_waiting() {
  for (const auto relid : std::exchange(waiting_, {}))
    enqueue(entries_.at(relid));
}

} // namespace pgtrickle
