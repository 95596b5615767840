#include "actors/discoverer.hpp"

#include "actors/exit_reasons.hpp"
#include "services/observation/discovery.hpp"
#include "services/observation/situation.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

/// How soon the death of another node is seen.
constexpr std::chrono::seconds look_interval{1};

/// All databases wait for the one session that finds PostgreSQL back.
constexpr backoff after_failure{.cap = std::chrono::seconds{5}};

} // namespace

discoverer_actor::behavior_type
discoverer_state::make_behavior(context_ptr context, node_actor node) {
  context_ = std::move(context);
  node_ = std::move(node);

  self_->send(self_, look_due{});
  return {
    [this](look_due) { look(); },
    [this](const database_lost& lost) {
      census_.lost(lost.id, self_->clock().now());
    },
  };
}

void discoverer_state::look() {
  // Who was stopped, or cut off, for a lease comes back as a newcomer.
  const auto now = self_->clock().now();
  if (now - std::exchange(looked_at_, now) >= context_->lease)
    db_.reset();
  auto found = take_census();
  if (!found)
    return failed(found.error());
  if (std::exchange(failures_, 0) > 0)
    self_->send(node_, server_returned{});
  *context_->is_ready = true;
  self_->send(node_, std::move(*found));
  self_->delayed_send(self_, look_interval, look_due{});
}

result<databases_found> discoverer_state::take_census() {
  if (auto connected = connect(); !connected)
    return tl::unexpected(std::move(connected.error()));
  if (auto shown = show_presence(); !shown)
    return tl::unexpected(std::move(shown.error()));
  auto rows = observation::databases_of_cluster(*db_);
  if (!rows)
    return tl::unexpected(std::move(rows.error()));
  auto situation = observation::situation_of_cluster(*db_);
  if (!situation)
    return tl::unexpected(std::move(situation.error()));
  const auto to_look_into = census_.observe(*rows, self_->clock().now());
  for (const auto& database : to_look_into)
    census_.looked_into(database.id, look_into(database), self_->clock().now());
  const auto settings = observation::settings_of_cluster(*db_);
  if (!settings)
    return tl::unexpected(settings.error());
  *context_->metrics_request_timeout_ms = settings->metrics_request_timeout_ms;
  return databases_found{cluster_, census_.with_extension(),
                         std::move(*situation), is_leaving_, settings->workers};
}

/// Others read it in pg_stat_activity.
result<void> discoverer_state::show_presence() {
  return observation::is_drained(*db_, context_->node)
    .and_then([&](bool drained) -> result<void> {
      is_leaving_ = drained || context_->drains;
      auto text = presence_text({context_->node,
                                 static_cast<int>(context_->capacity),
                                 !context_->bus->is_up(),
                                 is_leaving_,
                                 {},
                                 {}});
      if (text == shown_)
        return {};
      // What a node's name may consist of needs no quoting.
      return db_->exec(fmt::format("SET application_name = '{}'", text))
        .map([&](const pqxx::result&) { shown_ = std::move(text); });
    });
}

result<void> discoverer_state::connect() {
  if (db_)
    return {};
  shown_.clear();
  return postgres::session::open(context_->session_for("", "node"))
    .and_then([&](postgres::session db) {
      db_ = std::move(db);
      return observation::cluster_identity(*db_);
    })
    .map([&](std::string cluster) { cluster_ = std::move(cluster); });
}

bool discoverer_state::look_into(const database_id& database) {
  return postgres::session::open(
           context_->session_for(database.name, "discoverer"))
    .and_then(
      [](postgres::session db) { return observation::has_extension(db); })
    .value_or(false);
}

void discoverer_state::failed(const failure& reason) {
  db_.reset();
  *context_->is_ready = false;
  const auto random = std::uniform_real_distribution<double>{0.0, 1.0}(random_);
  const auto delay = after_failure.delay(++failures_, random);
  spdlog::warn("PostgreSQL cannot be looked at, again in {} ms: {}",
               delay.count(), in_one_line(reason.message));
  self_->delayed_send(self_, delay, look_due{});
}

discoverer_actor::behavior_type
discoverer(discoverer_actor::stateful_pointer<discoverer_state> self,
           context_ptr context, node_actor node) {
  return self->state.make_behavior(std::move(context), std::move(node));
}

} // namespace pgtrickle
