// Who carries out which call.

#include "actors/supervisor.hpp"
#include "services/calls/planner_calls.hpp"
#include "services/calls/snapshot_calls.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pgtrickle {

namespace {

bool is_one_of(const std::vector<std::string>& methods,
               const std::string& method) {
  return std::ranges::find(methods, method) != methods.end();
}

bool is_about_the_cluster(const std::string& method) {
  static const std::vector<std::string> methods{
    "cluster_nodes", "cluster_worker_summary", "metrics_summary"};
  return is_one_of(methods, method);
}

bool is_about_snapshots(const std::string& method) {
  static const auto methods = snapshot_methods();
  return is_one_of(methods, method);
}

bool is_about_plans(const std::string& method) {
  static const auto methods = planner_methods();
  return is_one_of(methods, method);
}

failure not_ready(const std::string& database) {
  return {errc::connection_lost,
          "the daemon is not ready for database " + database,
          {},
          "Repeat the call in a few seconds; the daemon's log says what it "
          "waits for."};
}

} // namespace

caf::result<call_outcome> supervisor_state::route(const call& asked) {
  if (asked.method == "ping") {
    const nlohmann::json answer{{"node", context_->node},
                                {"version", context_->version}};
    return call_outcome{answer.dump()};
  }
  if (is_about_the_cluster(asked.method))
    return self_->delegate(cluster_, asked);
  if (!registrar_ || !snapshotter_ || !planner_)
    return call_outcome{tl::unexpected(not_ready(database_.name))};
  if (is_about_snapshots(asked.method))
    return hand_on(asked, the_snapshotter, snapshotter_);
  if (is_about_plans(asked.method))
    return hand_on(asked, the_planner, planner_);
  return hand_on(asked, the_registrar, registrar_);
}

template <class Worker>
caf::result<call_outcome> supervisor_state::hand_on(const call& asked, child to,
                                                    const Worker& worker) {
  const auto number = ++last_call_;
  auto promise = self_->make_response_promise<call_outcome>();
  calls_.emplace(number, call_in_work{to, promise});
  self_->request(worker, caf::infinite, asked)
    .then(
      [this, number](const call_outcome& outcome) { answer(number, outcome); },
      [this, number](const caf::error&) {
        answer(number, {tl::unexpected(call_interrupted())});
      });
  return promise;
}

void supervisor_state::answer(std::uint64_t number,
                              const call_outcome& outcome) {
  wake_clerks();
  if (auto found = calls_.extract(number); !found.empty())
    found.mapped().promise.deliver(outcome);
  if (is_handing_over_ && calls_.empty())
    shut_down();
}

void supervisor_state::give_calls_up(child first) {
  if (first <= the_registrar)
    registrar_ = nullptr;
  if (first <= the_snapshotter)
    snapshotter_ = nullptr;
  if (first <= the_planner)
    planner_ = nullptr;
  auto given_up = std::exchange(calls_, {});
  for (auto& [number, one] : given_up)
    if (one.with >= first)
      one.promise.deliver(call_outcome{tl::unexpected(call_interrupted())});
    else
      calls_.emplace(number, std::move(one));
}

} // namespace pgtrickle
