#include "actors/dashboard_reader.hpp"

#include "services/dashboard/readings.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds look_interval{1};
constexpr std::chrono::seconds answer_timeout{3};
/// Reading takes no more than this share of the time.
constexpr int rest_by_work = 10;
/// More databases than this are connected to for each look.
constexpr std::size_t most_sessions = 4;

} // namespace

dashboard_reader_actor::behavior_type
dashboard_reader_state::make_behavior(context_ptr context,
                                      cluster_actor cluster) {
  context_ = std::move(context);
  cluster_ = std::move(cluster);
  context_->board->wake_with([weak
                              = caf::actor_cast<caf::weak_actor_ptr>(self_)] {
    if (auto reader = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<dashboard_reader_actor>(reader), pulse{});
  });
  self_->send(self_, pulse{});
  return {[this](pulse) { look(); }};
}

void dashboard_reader_state::look() {
  // Who begins to look wakes it too; one look at a time is enough.
  if (is_reading_ || std::chrono::steady_clock::now() < next_look_)
    return;
  if (!context_->board->is_looked_at())
    return sessions_.clear();
  is_reading_ = true;
  began_ = std::chrono::steady_clock::now();
  answers_.clear();
  ask({"cluster_nodes", "metrics_summary", "cluster_worker_summary"});
}

/// One after the other: the last one asked is answered first.
void dashboard_reader_state::ask(std::vector<std::string> methods) {
  if (methods.empty())
    return read_databases();
  const auto method = methods.back();
  methods.pop_back();
  call asked;
  asked.method = method;
  self_->request(cluster_, answer_timeout, std::move(asked))
    .then(
      [this, method, methods](const call_outcome& outcome) {
        answers_[method]
          = outcome.json ? json::parse(*outcome.json) : json::array();
        ask(methods);
      },
      [this](const caf::error&) { end_look(); });
}

void dashboard_reader_state::read_databases() {
  dashboard::findings found;
  found.node = context_->node;
  found.version = context_->version;
  found.read_at = std::chrono::time_point_cast<wall_time::duration>(
    std::chrono::system_clock::now());
  found.nodes = std::move(answers_["cluster_nodes"]);
  found.metrics = std::move(answers_["metrics_summary"]);
  found.workers = std::move(answers_["cluster_worker_summary"]);
  for (const auto& database :
       dashboard::databases_of(context_->node, found.workers))
    found.databases[database] = read(database);
  std::erase_if(sessions_, [&](const auto& open) {
    return !found.databases.contains(open.first);
  });
  context_->board->publish(dashboard::status_of(found));
  end_look();
}

dashboard::database_reading
dashboard_reader_state::read(const std::string& database) {
  auto open = sessions_.find(database);
  if (open == sessions_.end()) {
    auto opened
      = postgres::session::open(context_->session_for(database, name));
    if (!opened)
      return {{}, opened.error().message};
    open = sessions_.emplace(database, std::move(*opened)).first;
  }
  auto told = dashboard::read_database(open->second);
  if (!told || sessions_.size() > most_sessions
      || context_->connections->is_pressed())
    sessions_.erase(open);
  if (told)
    return {std::move(*told)};
  if (const auto times = failures_.occurred(std::chrono::steady_clock::now()))
    spdlog::warn("database {}: the dashboard can't read it ({} times): {}",
                 database, *times, told.error().message);
  return {{}, told.error().message};
}

void dashboard_reader_state::end_look() {
  is_reading_ = false;
  const auto now = std::chrono::steady_clock::now();
  const auto rest = std::max<std::chrono::nanoseconds>(
    look_interval, rest_by_work * (now - began_));
  next_look_ = now + rest;
  self_->delayed_send(self_, rest, pulse{});
}

dashboard_reader_actor::behavior_type dashboard_reader(
  dashboard_reader_actor::stateful_pointer<dashboard_reader_state> self,
  context_ptr context, cluster_actor cluster) {
  return self->state.make_behavior(std::move(context), std::move(cluster));
}

dashboard::session_opener dashboard_sessions(const daemon_context& context) {
  return [options = context.session_for({}, dashboard_reader_state::name)](
           const std::string& database) {
    auto chosen = options;
    chosen.database = database;
    return postgres::session::open(chosen);
  };
}

} // namespace pgtrickle
