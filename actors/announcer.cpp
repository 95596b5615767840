#include "actors/announcer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

constexpr std::size_t batch = 100;
constexpr std::chrono::milliseconds publish_timeout{3000};
constexpr std::chrono::seconds retry_interval{2};

} // namespace

announcer_actor::behavior_type
announcer_state::make_behavior(context_ptr context,
                               observation::database_facts facts) {
  context_ = std::move(context);
  facts_ = std::move(facts);
  metrics_ = context_->metrics->database(facts_.id, facts_.name);
  return {
    [this](alerts_waiting) {
      if (!is_retrying_)
        publish_all();
    },
    [this](const queue_behind& behind) { tell(behind.load); },
    [this](pulse) {
      is_retrying_ = false;
      publish_all();
    },
  };
}

void announcer_state::tell(const worker_load& load) {
  const auto told
    = postgres::session::open(context_->session_for(facts_.name, "announcer"))
        .and_then([&](postgres::session db) {
          return observation::tell_falling_behind(db, load.active, load.waiting,
                                                  load.late, facts_.fence);
        });
  if (!told)
    spdlog::warn("database {}: scheduler_falling_behind is not told: {}",
                 facts_.name, told.error().message);
  else if (!is_retrying_)
    publish_all();
}

void announcer_state::publish_all() {
  auto published
    = postgres::session::open(context_->session_for(facts_.name, "announcer"))
        .and_then([&](postgres::session db) -> result<std::size_t> {
          auto some = publish_some(db);
          while (some && *some == batch)
            some = publish_some(db);
          return some;
        });
  if (published)
    return;
  if (const auto count = failures_.occurred(self_->clock().now()))
    spdlog::warn("database {}: alerts wait for the bus: {}", facts_.name,
                 published.error().message);
  is_retrying_ = true;
  self_->delayed_send(self_, retry_interval, pulse{});
}

result<std::size_t> announcer_state::publish_some(postgres::session& db) {
  auto alerts = observation::unpublished_alerts(db, batch);
  if (!alerts)
    return tl::unexpected(std::move(alerts.error()));
  std::vector<std::int64_t> published;
  result<void> last;
  for (const auto& alert : *alerts) {
    last = publish(alert);
    if (!last)
      break;
    published.push_back(alert.id);
    metrics_->alert_published();
  }
  if (!published.empty())
    if (auto marked = observation::mark_published(db, published, facts_.fence);
        !marked)
      return tl::unexpected(std::move(marked.error()));
  return last.map([&] { return alerts->size(); });
}

/// With the attributes of a CloudEvent (NATS protocol binding, binary mode).
result<void> announcer_state::publish(const observation::outbox_alert& alert) {
  const auto id = fmt::format("{}-{}-{}", facts_.cluster, facts_.id, alert.id);
  return context_->bus->publish_once(
    {bus::alert_subject({facts_.cluster, facts_.id}, alert.event),
     alert.payload,
     id,
     {{"ce-specversion", "1.0"},
      {"ce-id", id},
      {"ce-type", "pgtrickle.alert." + alert.event},
      {"ce-source", fmt::format("/pgtrickle/{}/{}", facts_.cluster, facts_.id)},
      {"ce-time", alert.written_at},
      {"content-type", "application/json"}}},
    publish_timeout);
}

announcer_actor::behavior_type
announcer(announcer_actor::stateful_pointer<announcer_state> self,
          context_ptr context, observation::database_facts facts) {
  return self->state.make_behavior(std::move(context), std::move(facts));
}

} // namespace pgtrickle
