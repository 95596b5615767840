// When each table of a refresh calendar is due, and its queue in that order.

#include "services/scheduling/refresh_calendar.hpp"

#include <algorithm>
#include <type_traits>

namespace pgtrickle {

namespace {

/// Less is a clock being disciplined; more is a clock that was set.
constexpr std::chrono::milliseconds clock_tolerance{10};

bool is_calculated(const scheduled_table& table) {
  return std::holds_alternative<calculated>(table.when);
}

} // namespace

std::optional<steady_time> refresh_calendar::next_due() const {
  if (queue_.empty())
    return std::nullopt;
  return queue_.begin()->first;
}

// -- due times
// -----------------------------------------------------------------

steady_time refresh_calendar::due(const entry& e, wall_time since) const {
  if (!e.table.populated)
    return e.not_before;
  return std::max(due_by_schedule(e, since), e.not_before);
}

steady_time refresh_calendar::due_by_schedule(const entry& e,
                                              wall_time since) const {
  if (is_unbounded(e.table.when))
    return due_soonest(e);
  if (const auto* every = std::get_if<interval>(&e.table.when))
    return e.as_of + every->length;
  if (const auto* cron = std::get_if<cron_schedule>(&e.table.when)) {
    const auto unused = std::max(e.done_until, since);
    const wall_time slot
      = cron->next(std::chrono::floor<std::chrono::seconds>(unused));
    return steady_time{slot.time_since_epoch() - offset_};
  }
  return due_for_consumers(e, since);
}

/// As fresh as possible leaves the others half of a worker, and what changes
/// with time alone need not be looked at without end.
steady_time refresh_calendar::due_soonest(const entry& e) const {
  if (e.table.always)
    return e.as_of + options_.calculated_interval;
  using duration = std::chrono::steady_clock::duration;
  return e.as_of + std::max<duration>(options_.freshest_interval, 2 * e.took);
}

/// A calculated table is due with the first of those that read it, directly
/// or by way of other calculated tables.
steady_time refresh_calendar::due_for_consumers(const entry& e,
                                                wall_time since) const {
  auto earliest = steady_time::max();
  std::vector<const entry*> open{&e};
  std::set<oid> seen{e.table.relid};
  while (!open.empty()) {
    const auto* current = open.back();
    open.pop_back();
    const auto readers = consumers(current->table.relid);
    if (readers.empty())
      earliest
        = std::min(earliest, current->as_of + options_.calculated_interval);
    for (const auto relid : readers) {
      const auto* reader = at(relid);
      if (!is_calculated(reader->table) || !reader->table.populated)
        earliest = std::min(earliest, due(*reader, since));
      else if (seen.insert(relid).second)
        open.push_back(reader);
    }
  }
  return earliest;
}

// -- the queue
// -----------------------------------------------------------------

void refresh_calendar::enqueue(entry& e) {
  dequeue(e);
  if (!e.pending || !e.table.active || e.flight != 0
      || waiting_.contains(e.table.relid))
    return;
  e.queued_at = due(e, e.since);
  queue_.emplace(*e.queued_at, e.table.relid);
}

void refresh_calendar::dequeue(entry& e) {
  if (e.queued_at)
    queue_.erase({*e.queued_at, e.table.relid});
  e.queued_at.reset();
}

/// Puts `relid`, and the calculated tables whose due time follows from its
/// own, where they belong in the queue.
void refresh_calendar::reschedule(oid relid) {
  std::vector<oid> open{relid};
  std::set<oid> seen{relid};
  while (!open.empty()) {
    const auto current = open.back();
    open.pop_back();
    if (auto* e = at(current))
      enqueue(*e);
    for (const auto source : graph_.sources_of(current))
      if (const auto* e = at(source);
          e != nullptr && is_calculated(e->table) && seen.insert(source).second)
        open.push_back(source);
  }
}

void refresh_calendar::observe(moment now) {
  offset_ = now.wall.time_since_epoch() - now.steady.time_since_epoch();
  if (std::chrono::abs(offset_ - queue_offset_) <= clock_tolerance)
    return;
  queue_offset_ = offset_;
  const auto queued = queue_;
  for (const auto& [when, relid] : queued)
    enqueue(entries_.at(relid));
}

// -- lookup
// --------------------------------------------------------------------

const refresh_calendar::entry* refresh_calendar::at(oid relid) const {
  const auto found = entries_.find(relid);
  return found == entries_.end() ? nullptr : &found->second;
}

refresh_calendar::entry* refresh_calendar::at(oid relid) {
  return const_cast<entry*>(std::as_const(*this).at(relid));
}

refresh_calendar::entry* refresh_calendar::find(stream_table_id id) {
  const auto found = relids_.find(id);
  return found == relids_.end() ? nullptr : at(found->second);
}

/// The active stream tables that read `relid`.
std::vector<oid> refresh_calendar::consumers(oid relid) const {
  std::vector<oid> readers;
  for (const auto dependant : graph_.dependants_of(relid))
    if (const auto* e = at(dependant); e != nullptr && e->table.active)
      readers.push_back(dependant);
  return readers;
}

} // namespace pgtrickle
