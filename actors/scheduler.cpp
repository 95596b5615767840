#include "actors/scheduler.hpp"

#include "actors/targeted_tables.hpp"
#include "services/scheduling/awaited_sources.hpp"
#include "services/scheduling/slack.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

namespace {

failure not_scheduled() {
  return {errc::stream_table_not_found,
          "stream table was dropped before it could be refreshed"};
}

std::string to_json(const engine::refresh_outcome& outcome) {
  const nlohmann::json answer{
    {"name", outcome.name},
    {"action", outcome.action},
    {"reason", outcome.reason},
    {"changes_consumed", outcome.changes_consumed},
    {"rows_inserted", outcome.rows_inserted},
    {"rows_deleted", outcome.rows_deleted},
    {"duration_ms", static_cast<double>(outcome.duration.count()) / 1000.0}};
  return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

refresh_calendar::options calendar_options(const config::settings& settings) {
  refresh_calendar::options options;
  options.calculated_interval
    = std::chrono::seconds{settings.default_schedule_seconds};
  return options;
}

} // namespace

scheduler_actor::behavior_type scheduler_state::make_behavior(
  config::settings settings, refresher_actor refresher,
  std::shared_ptr<metrics::database_metrics> metrics,
  awaiting_listener awaiting) {
  settings_ = std::move(settings);
  refresher_ = std::move(refresher);
  metrics_ = std::move(metrics);
  awaiting_ = std::move(awaiting);
  calendar_ = refresh_calendar{calendar_options(settings_)};
  return {
    [this](const stream_tables_listed& listed) {
      load(listed.listing);
      order_due();
    },
    [this](const sources_touched& touched) { take_touched(touched); },
    [this](const refresh_request& request) { return order_wished(request); },
    [this](calendar_due) {
      wakes_up_at_.reset();
      order_due();
    },
  };
}

// -- what there is ------------------------------------------------------------

void scheduler_state::load(const stream_table_listing& listing) {
  if (listing.read_at < listed_at_)
    return;
  listed_at_ = listing.read_at;
  metrics_->targeted_tables(targeted_tables(listing));
  std::vector<scheduled_table> tables;
  tables_.clear();
  for (const auto& entry : listing.tables) {
    tables.push_back(table_of(entry));
    tables_.emplace(entry.id, tables.back());
  }
  calendar_.load(tables, now());
  tell_awaited();
  try_wishes();
}

scheduled_table
scheduler_state::table_of(const stream_table_entry& entry) const {
  scheduled_table table;
  table.id = entry.id;
  table.relid = entry.relid;
  // What the catalog has was checked when it was written: a schedule that
  // can't be read any more leaves its table to the others' needs.
  table.when = parse_schedule(entry.schedule).value_or(calculated{});
  table.active = entry.status == "ACTIVE" || entry.status == "INITIALIZING";
  // It follows its sources by itself, unless its program has to be made anew.
  if (entry.refresh_mode == "IMMEDIATE" && !entry.needs_reinit)
    table.active = false;
  table.populated = entry.is_populated;
  table.needs_reinit = entry.needs_reinit;
  table.always = entry.time_dependent;
  table.target_lag = entry.target_lag;
  table.age = entry.age;
  table.sources = entry.sources;
  table.serial = entry.serial;
  return table;
}

void scheduler_state::tell_awaited() {
  std::vector<scheduled_table> tables;
  if (settings_.enabled)
    for (const auto& [id, table] : tables_)
      tables.push_back(table);
  auto awaited = awaited_sources(tables);
  if (awaited == awaited_)
    return;
  awaited_ = awaited;
  awaiting_({std::move(awaited)});
}

void scheduler_state::take_touched(const sources_touched& touched) {
  calendar_.touched(touched.sources, touched.since);
  order_due();
}

// -- what is ordered ----------------------------------------------------------

void scheduler_state::order_due() {
  if (!settings_.enabled)
    return;
  for (auto& batch : calendar_.take_due(now())) {
    const auto deadline = deadline_of(batch);
    order({{std::move(batch), engine::initiator::scheduler}, {}, deadline},
          std::nullopt);
  }
  wake_up_in_time();
}

/// The least patient of them says when; it is within a day.
steady_time
scheduler_state::deadline_of(const refresh_calendar::batch& tables) const {
  const std::chrono::seconds calculated{settings_.default_schedule_seconds};
  std::chrono::milliseconds slack = std::chrono::hours{24};
  for (const auto id : tables)
    if (const auto found = tables_.find(id); found != tables_.end())
      slack = std::min(slack, slack_of(found->second, calculated));
  return self_->clock().now() + slack;
}

caf::result<call_outcome>
scheduler_state::order_wished(const refresh_request& request) {
  auto answer = self_->make_response_promise<call_outcome>();
  if (request.catalog)
    load(request.catalog->listing);
  wishes_.push_back({request, answer});
  try_wishes();
  order_due();
  return answer;
}

/// What a wish needs may be in flight: then it waits, and refreshes again.
void scheduler_state::try_wishes() {
  std::erase_if(wishes_,
                [this](const wish& wanted) { return try_wish(wanted); });
}

bool scheduler_state::try_wish(const wish& wanted) {
  auto answer = wanted.answer;
  const auto& [id, by, ticket, catalog] = wanted.request;
  auto batch = calendar_.order_for(id);
  if (batch.empty() || ticket.is_cancelled()) {
    answer.deliver(call_outcome{tl::unexpected(not_scheduled())});
    return true;
  }
  if (!calendar_.take(batch, now()))
    return false;
  order({{std::move(batch), by}, ticket, {}}, answer);
  return true;
}

void scheduler_state::order(refresh_task task, std::optional<promise> answer) {
  const auto order = task.order;
  auto deliver = [this, answer, id = order.tables.back()](
                   const refresh_result& result) mutable {
    if (answer)
      answer->deliver(answer_of(id, result));
  };
  self_->request(refresher_, caf::infinite, std::move(task))
    .then(
      [this, order, deliver](const refresh_result& result) mutable {
        deliver(result);
        finished(order, result);
      },
      [this, order, deliver](const caf::error&) mutable {
        const refresh_result lost{
          tl::unexpected(
            failure{errc::connection_lost, "refresh was interrupted"}),
          {}};
        deliver(lost);
        finished(order, lost);
      });
}

// -- what came of it ----------------------------------------------------------

void scheduler_state::finished(const engine::refresh_order& order,
                               const refresh_result& result) {
  if (result.outcomes) {
    for (const auto& outcome : *result.outcomes)
      take_outcome(outcome, result.began);
    for (const auto id : order.tables)
      calendar_.released(id);
  } else {
    put_off(order.tables, result.outcomes.error());
  }
  try_wishes();
  order_due();
}

void scheduler_state::take_outcome(const engine::refresh_outcome& outcome,
                                   moment began) {
  measure(outcome);
  if (!outcome.error) {
    const auto changed = outcome.rows_inserted + outcome.rows_deleted > 0;
    calendar_.refreshed(outcome.id, began, changed,
                        self_->clock().now() - began.steady);
    return;
  }
  spdlog::warn("{}: refresh failed: {}", outcome.name, outcome.error->message);
  if (outcome.error->code == errc::cancelled)
    return calendar_.released(outcome.id);
  calendar_.failed(outcome.id, now(), random());
  if (outcome.status == "ERROR" || outcome.status == "SUSPENDED")
    stop_scheduling(outcome.id);
}

void scheduler_state::measure(const engine::refresh_outcome& outcome) {
  metrics_->refresh_took(outcome.id, outcome.duration);
}

void scheduler_state::put_off(const refresh_calendar::batch& tables,
                              const failure& reason) {
  spdlog::warn("refresh of {} tables failed: {}", tables.size(),
               reason.message);
  for (const auto id : tables)
    calendar_.failed(id, now(), random());
}

void scheduler_state::stop_scheduling(stream_table_id id) {
  const auto found = tables_.find(id);
  if (found == tables_.end())
    return;
  found->second.active = false;
  calendar_.replace(found->second, now());
  tell_awaited();
}

call_outcome scheduler_state::answer_of(stream_table_id id,
                                        const refresh_result& result) const {
  if (!result.outcomes)
    return {tl::unexpected(result.outcomes.error())};
  const engine::refresh_outcome* failed = nullptr;
  for (const auto& outcome : *result.outcomes) {
    if (outcome.id == id && !outcome.error)
      return {to_json(outcome)};
    if (outcome.error)
      failed = &outcome;
  }
  // Its own failure, or that of a table that it reads.
  return {tl::unexpected(failed != nullptr ? *failed->error : not_scheduled())};
}

// -- time ---------------------------------------------------------------------

moment scheduler_state::now() const {
  return {self_->clock().now(), std::chrono::system_clock::now()};
}

double scheduler_state::random() {
  return std::uniform_real_distribution<double>{0.0, 1.0}(random_);
}

void scheduler_state::wake_up_in_time() {
  const auto due = calendar_.next_due();
  if (!due || (wakes_up_at_ && *wakes_up_at_ <= *due))
    return;
  wakes_up_at_ = due;
  const auto delay = std::max(*due - self_->clock().now(),
                              std::chrono::steady_clock::duration::zero());
  self_->delayed_send(self_, delay, calendar_due{});
}

scheduler_actor::behavior_type
scheduler(scheduler_actor::stateful_pointer<scheduler_state> self,
          config::settings settings, refresher_actor refresher,
          std::shared_ptr<metrics::database_metrics> metrics,
          awaiting_listener awaiting) {
  return self->state.make_behavior(std::move(settings), std::move(refresher),
                                   std::move(metrics), std::move(awaiting));
}

} // namespace pgtrickle
