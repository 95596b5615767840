#pragma once

#include "messages/interfaces.hpp"
#include "services/config/settings.hpp"
#include "services/metrics/metrics.hpp"
#include "services/scheduling/refresh_calendar.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>

namespace pgtrickle {

/// Who looks for changes, and is told which are awaited.
using awaiting_listener = std::function<void(sources_awaited)>;

/// Orders the refreshes that fall due, and those that are asked for.
class scheduler_state {
public:
  static constexpr const char* name = "scheduler";

  explicit scheduler_state(scheduler_actor::pointer self)
    : self_(self), calendar_({}) {}

  scheduler_actor::behavior_type
  make_behavior(config::settings settings, refresher_actor refresher,
                std::shared_ptr<metrics::database_metrics> metrics,
                awaiting_listener awaiting);

private:
  using promise = caf::typed_response_promise<call_outcome>;

  /// Someone waits for a refresh.
  struct wish {
    refresh_request request;
    promise answer;
  };

  // -- what there is ---
  void load(const stream_table_listing& listing);
  [[nodiscard]] scheduled_table table_of(const stream_table_entry& entry) const;
  void take_touched(const sources_touched& touched);
  void tell_awaited();

  // -- what is ordered ---
  void order_due();
  [[nodiscard]] steady_time
  deadline_of(const refresh_calendar::batch& tables) const;
  caf::result<call_outcome> order_wished(const refresh_request& request);
  void try_wishes();
  [[nodiscard]] bool try_wish(const wish& wanted);
  void order(refresh_task task, std::optional<promise> answer);

  // -- what came of it ---
  void finished(const engine::refresh_order& order,
                const refresh_result& result);
  void take_outcome(const engine::refresh_outcome& outcome, moment began);
  void measure(const engine::refresh_outcome& outcome);
  void put_off(const refresh_calendar::batch& tables, const failure& reason);
  void stop_scheduling(stream_table_id id);
  [[nodiscard]] call_outcome answer_of(stream_table_id id,
                                       const refresh_result& result) const;

  [[nodiscard]] moment now() const;
  [[nodiscard]] double random();
  void wake_up_in_time();

  scheduler_actor::pointer self_;
  config::settings settings_;
  refresher_actor refresher_;
  std::shared_ptr<metrics::database_metrics> metrics_;
  awaiting_listener awaiting_;
  std::optional<std::set<oid>> awaited_; // as it was told last
  refresh_calendar calendar_; // every decision is taken, and tested, there
  std::map<stream_table_id, scheduled_table> tables_;
  /// When the catalog was read that these are from.
  catalog_moment listed_at_;
  std::deque<wish> wishes_;
  std::optional<steady_time> wakes_up_at_;
  std::minstd_rand random_{std::random_device{}()};
};

scheduler_actor::behavior_type
scheduler(scheduler_actor::stateful_pointer<scheduler_state> self,
          config::settings settings, refresher_actor refresher,
          std::shared_ptr<metrics::database_metrics> metrics,
          awaiting_listener awaiting);

} // namespace pgtrickle
