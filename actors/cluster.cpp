#include "actors/cluster.hpp"

#include "messages/wire.hpp"
#include "services/coordination/fleet_listing.hpp"
#include "services/coordination/node_listing.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

constexpr std::chrono::seconds heartbeat_interval{1};
constexpr int max_backlog = 1024;

std::chrono::sys_time<std::chrono::microseconds>
in_microseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::time_point_cast<std::chrono::microseconds>(time);
}

node_demand demand_of(const node_report& report) {
  node_demand demand{report.node, {}};
  for (const auto& database : report.databases)
    demand.databases.push_back(
      {database.id, database.quota,
       database.workers_active + database.workers_queued});
  return demand;
}

} // namespace

cluster_actor::behavior_type
cluster_state::make_behavior(context_ptr context, worker_budget_actor budget) {
  context_ = std::move(context);
  budget_ = std::move(budget);
  self_->send(self_, heartbeat_due{});
  return {
    [this](heartbeat_due) {
      publish_heartbeat();
      publish_reports();
      tell_demands();
      show();
      self_->delayed_send(self_, heartbeat_interval, heartbeat_due{});
    },
    [this](const databases_found& found) {
      workers_ = found.workers;
      databases_found_ = static_cast<std::uint32_t>(found.databases.size());
      join(found.cluster);
      fleet_.know(found.databases);
    },
    [this](const bus::message& arrived) { take(arrived); },
    [this](const database_report& report) {
      databases_.insert_or_assign(report.id, report);
    },
    [this](const database_detached& gone) {
      databases_.erase(gone.id);
      fleet_.let_go(gone.id);
    },
    [this](const call& asked) { return answer(asked.method); },
  };
}

void cluster_state::join(const std::string& cluster) {
  if (cluster == cluster_)
    return;
  cluster_ = cluster;
  heartbeats_.listening
    = listen(bus::heartbeats_subject(cluster_), heartbeats_.backlog);
  reports_.listening = listen(bus::reports_subject(cluster_), reports_.backlog);
}

bus::subscription
cluster_state::listen(const std::string& subject,
                      const std::shared_ptr<std::atomic<int>>& backlog) {
  auto hand_over = [self = caf::actor_cast<cluster_actor>(self_),
                    backlog](bus::message arrived) {
    if (++*backlog <= max_backlog)
      caf::anon_send(self, std::move(arrived));
    else
      --*backlog;
  };
  auto listening = context_->bus->subscribe(subject, std::move(hand_over));
  if (listening)
    return std::move(*listening);
  spdlog::error("cluster: {}", listening.error().message);
  return {};
}

void cluster_state::publish_heartbeat() {
  const auto report = own_report();
  view_.heard(report, self_->clock().now());
  // While the bus is away, what is said would only pile up.
  if (cluster_.empty() || !context_->bus->is_up())
    return;
  const auto subject = bus::heartbeat_subject(cluster_, context_->node);
  if (auto sent
      = context_->bus->publish(subject, wire::encode_heartbeat(report));
      !sent)
    spdlog::debug("cluster: heartbeat lost: {}", sent.error().message);
}

/// A silent node's last report counts until the node is down.
void cluster_state::tell_demands() {
  workers_demanded demanded{
    context_->node, workers_, databases_found_, {}, !context_->bus->is_up()};
  for (const auto& node : view_.nodes(self_->clock().now()))
    if (node.is_up)
      demanded.nodes.push_back(demand_of(node.report));
  self_->send(budget_, std::move(demanded));
}

/// Whoever asks over HTTP can't wait for an actor.
void cluster_state::show() {
  const auto now = self_->clock().now();
  context_->fleet->hang({fleet_.rows(now), view_.nodes(now)});
}

void cluster_state::take(const bus::message& arrived) {
  if (bus::last_token(arrived.subject) == "report")
    return take_report(arrived);
  --*heartbeats_.backlog;
  auto report = wire::decode_heartbeat(arrived.payload);
  if (report && report->node != context_->node
      && arrived.subject == bus::heartbeat_subject(cluster_, report->node))
    view_.heard(std::move(*report), self_->clock().now());
}

// -- databases ----------------------------------------------------------------

void cluster_state::publish_reports() {
  const auto now = self_->clock().now();
  const auto sent_at = in_microseconds(std::chrono::system_clock::now());
  for (const auto& [id, database] : databases_) {
    fleet_report report{context_->node, with_quota(database), sent_at};
    if (!cluster_.empty() && context_->bus->is_up())
      if (auto sent = context_->bus->publish(
            bus::report_subject({cluster_, id}), wire::encode_report(report));
          !sent)
        spdlog::debug("cluster: report lost: {}", sent.error().message);
    fleet_.own(std::move(report), now);
  }
}

void cluster_state::take_report(const bus::message& arrived) {
  --*reports_.backlog;
  auto report = wire::decode_report(arrived.payload);
  if (report && report->node != context_->node
      && arrived.subject
           == bus::report_subject({cluster_, report->database.id}))
    fleet_.heard(std::move(*report), self_->clock().now());
}

call_outcome cluster_state::answer(const std::string& method) {
  if (method == "cluster_nodes")
    return nodes();
  // What this node owns needs no second to become known.
  const auto now = self_->clock().now();
  const auto sent_at = in_microseconds(std::chrono::system_clock::now());
  for (const auto& [id, database] : databases_)
    fleet_.own({context_->node, with_quota(database), sent_at}, now);
  const auto rows = fleet_.rows(now);
  return {method == "metrics_summary" ? metrics_summary(rows)
                                      : worker_summary(rows)};
}

node_report cluster_state::own_report() const {
  node_report report{context_->node,
                     context_->version,
                     in_microseconds(context_->started_at),
                     in_microseconds(std::chrono::system_clock::now()),
                     {}};
  for (const auto& [id, database] : databases_)
    report.databases.push_back(with_quota(database));
  return report;
}

/// Its own, or else an equal part.
database_report cluster_state::with_quota(database_report report) const {
  if (report.quota == 0)
    report.quota = equal_quota(workers_, databases_found_);
  return report;
}

call_outcome cluster_state::nodes() {
  const auto now = self_->clock().now();
  view_.heard(own_report(), now);
  return {to_json(view_.nodes(now))};
}

cluster_actor::behavior_type
cluster(cluster_actor::stateful_pointer<cluster_state> self,
        context_ptr context, worker_budget_actor budget) {
  return self->state.make_behavior(std::move(context), std::move(budget));
}

} // namespace pgtrickle
