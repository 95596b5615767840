#pragma once

#include "services/dependency/graph.hpp"
#include "services/scheduling/backoff.hpp"
#include "services/scheduling/scheduled_table.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pgtrickle {

/// Knows which stream tables must be refreshed, when, and which together.
/// Time is always an argument.
///
/// A table is idle, *pending* (something that it reads has changed, or may
/// have) or in flight (handed out until `refreshed`, `failed` or `released`).
/// What changes while it is in flight makes it pending again. Every operation
/// costs what the pending tables and their neighbours cost, save `load`.
class refresh_calendar {
public:
  /// Stream tables to refresh together, upstream first.
  using batch = std::vector<stream_table_id>;

  struct options {
    /// How old a calculated table may be on which no other depends.
    std::chrono::milliseconds calculated_interval{1000};
    /// From one refresh to the next of a table that is to be as fresh as
    /// possible: changes that come meanwhile are refreshed together.
    std::chrono::milliseconds freshest_interval{20};
    backoff retry{std::chrono::seconds{1}, std::chrono::minutes{10}};
  };

  explicit refresh_calendar(options o) : options_(o) {}

  /// Makes `tables` all that there are. Those that are new or differ become
  /// pending: nobody knows what changed before.
  void load(const std::vector<scheduled_table>& tables, moment now);

  /// Adds or changes one table, and makes it pending.
  void replace(const scheduled_table& table, moment now);

  void remove(stream_table_id id);

  /// Makes all that reads `sources` pending. `since`: when the caller looked
  /// before; a cron slot between then and now counts as not yet used.
  void touched(std::span<const oid> sources, wall_time since);

  /// Hands out what is due. Tables in different batches do not depend on one
  /// another, nor on any table in flight: those that do wait for it.
  [[nodiscard]] std::vector<batch> take_due(moment now);

  /// When `take_due` has something to do again; absent: not before the next
  /// call of another function.
  [[nodiscard]] std::optional<steady_time> next_due() const;

  /// What a refresh of `id` at once has to refresh: the tables upstream that
  /// are not up to date, and then itself. Empty: there is no such table.
  [[nodiscard]] batch order_for(stream_table_id id) const;

  /// Hands out `order`, unless something in it or connected to it is in flight.
  [[nodiscard]] bool take(const batch& order, moment now);

  /// The data of `id` are those of `as_of`. With `changed`, what reads them
  /// becomes pending, save what is in flight together with `id`: report a
  /// batch upstream first. `took`: how long that kept a worker busy.
  void refreshed(stream_table_id id, moment as_of, bool changed,
                 std::chrono::steady_clock::duration took = {});

  /// Stays pending, and is retried after a delay that grows with each failure
  /// in a row. `random` is uniform in [0, 1).
  void failed(stream_table_id id, moment now, double random);

  /// Gives back a table that was not attempted; it stays pending.
  void released(stream_table_id id);

private:
  struct entry {
    scheduled_table table;
    steady_time as_of{};
    /// How long the refresh to that moment has kept a worker busy.
    std::chrono::steady_clock::duration took{};
    /// Cron slots up to here are used.
    wall_time done_until{};
    bool pending = false;
    wall_time since{};
    int failures = 0;
    steady_time not_before{};
    /// Which batch it is in flight with; 0: none.
    std::uint64_t flight = 0;
    wall_time flight_since{};
    wall_time taken_off{};
    std::optional<steady_time> queued_at;
  };

  [[nodiscard]] const entry* at(oid relid) const;
  [[nodiscard]] entry* at(oid relid);
  [[nodiscard]] entry* find(stream_table_id id);
  [[nodiscard]] std::vector<oid> consumers(oid relid) const;

  // -- when ---
  [[nodiscard]] steady_time due(const entry& e, wall_time since) const;
  [[nodiscard]] steady_time due_by_schedule(const entry& e,
                                            wall_time since) const;
  [[nodiscard]] steady_time due_soonest(const entry& e) const;
  [[nodiscard]] steady_time due_for_consumers(const entry& e,
                                              wall_time since) const;
  [[nodiscard]] std::set<oid> take_seeds(moment now);
  void add_due_downstream(std::set<oid>& members, moment now);

  // -- state ---
  static void mark(entry& e, wall_time since);
  void enqueue(entry& e);
  void dequeue(entry& e);
  void reschedule(oid relid);
  void observe(moment now);
  [[nodiscard]] bool is_blocked(oid relid) const;
  void put_off_blocked(std::set<oid>& members);
  void take_off(const std::vector<oid>& members, moment now);
  void land(entry& e);
  void wake_waiting();

  options options_;
  std::map<oid, entry> entries_;
  std::unordered_map<stream_table_id, oid> relids_;
  dependency_graph graph_;
  /// The active pending tables that are not in flight and not waiting.
  std::set<std::pair<steady_time, oid>> queue_;
  /// Due, but connected to a table in flight.
  std::set<oid> waiting_;
  std::set<oid> in_flight_;
  std::uint64_t last_flight_ = 0;
  /// The clock on the wall minus the steady one: of late, and as the queue
  /// has it.
  std::chrono::nanoseconds offset_{};
  std::chrono::nanoseconds queue_offset_{};
};

} // namespace pgtrickle
