#include "actors/planner.hpp"

#include "services/calls/planner_calls.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

namespace {

constexpr std::chrono::milliseconds look_interval{1000};
/// The same while nothing happens and no stream table waits.
constexpr std::chrono::minutes idle_look_interval{5};
/// How long something may come of what has happened.
constexpr std::chrono::seconds attention{3};

/// Looking takes no more than this share of the time.
constexpr int rest_by_work = 20;

/// Calls wait no longer than these take.
constexpr std::size_t plans_of_one_look = 20;

/// Beyond its quota a database has what others lend it, and take back.
double dependable_workers(std::int64_t most, std::int64_t quota) {
  return static_cast<double>(quota > 0 ? std::min(most, quota) : most);
}

plans::planning_options options_of(const desk_equipment& equipment) {
  const auto& settings = equipment.database.settings;
  plans::planning_options options;
  options.rules.min_samples
    = static_cast<std::size_t>(settings.schedule_recommendation_min_samples);
  options.rules.probability = settings.schedule_target_probability;
  options.rules.shortest_interval
    = std::chrono::seconds{settings.min_schedule_seconds};
  const auto configured = equipment.context->workers;
  options.workers = dependable_workers(
    configured > 0 ? configured : settings.max_concurrent_refreshes,
    settings.per_database_worker_quota);
  options.calculated_interval
    = std::chrono::seconds{settings.default_schedule_seconds};
  if (settings.auto_schedule)
    options.carry_out_from = settings.auto_schedule_confidence;
  return options;
}

} // namespace

planner_actor::behavior_type
planner_state::make_behavior(desk_equipment equipment) {
  options_ = options_of(equipment);
  desk_.open(
    std::move(equipment),
    [this](postgres::session& db, const caller& by, const std::string& method,
           const std::string& arguments, ownership fence) {
      return carry_out_planner_call(db, by, method, arguments, fence, options_);
    },
    name);
  look_at(self_->clock().now() + look_interval);
  return {
    [this](const call& asked) { return desk_.answer(asked); },
    [this](look_due) {
      attentive_until_ = self_->clock().now() + attention;
      look_at(std::max(earliest_look_, self_->clock().now()));
    },
    [this](pulse) {
      if (clock_.strikes(self_->clock().now()))
        look();
    },
    [this](rest_due) { desk_.rest(); },
  };
}

void planner_state::look_at(std::chrono::steady_clock::time_point at) {
  if (clock_.set(at))
    self_->delayed_send(self_, at - self_->clock().now(), pulse{});
}

void planner_state::look() {
  const auto began = self_->clock().now();
  const auto looked = desk_.session().and_then(
    [&](postgres::session* db) { return plan_and_watch(*db); });
  if (!looked) {
    desk_.drop_if_lost(looked.error());
    if (const auto count = failures_.occurred(self_->clock().now()))
      spdlog::warn("database {}: planning failed {} times, at last: {}",
                   desk_.database().facts.name, *count, looked.error().message);
  }
  const auto now = self_->clock().now();
  earliest_look_ = now
                   + std::max<std::chrono::steady_clock::duration>(
                     look_interval, rest_by_work * (now - began));
  const auto goes_on = !looked || *looked || now < attentive_until_;
  look_at(goes_on ? earliest_look_
                  : std::max(earliest_look_, now + idle_look_interval));
}

result<bool> planner_state::plan_and_watch(postgres::session& db) {
  const auto& facts = desk_.database().facts;
  if (!options_.began) {
    const auto now = plans::clock_of(db);
    if (!now)
      return tl::unexpected(now.error());
    options_.began = *now;
  }
  const auto pass = plans::bring_up_to_date(db, options_, false,
                                            plans_of_one_look, facts.fence);
  if (!pass)
    return tl::unexpected(pass.error());
  for (const auto& [table, schedule] : pass->changed)
    spdlog::info("database {}: {} is refreshed every {} from now on",
                 facts.name, table, schedule);
  return watch_.look(db, facts.fence).map([&](std::size_t waiting) {
    return waiting > 0 || pass->has_more;
  });
}

planner_actor::behavior_type
planner(planner_actor::stateful_pointer<planner_state> self,
        desk_equipment equipment) {
  return self->state.make_behavior(std::move(equipment));
}

} // namespace pgtrickle
