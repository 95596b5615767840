// lag = age + (until due) + wait + duration(pending + still to come)
//
// Each of wait, arrivals and duration is a spread; the probability is summed
// over the first two and read off the third.

#include "services/planning/landing.hpp"

#include "services/scheduling/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace pgtrickle {

namespace {

using milliseconds = std::chrono::duration<double, std::milli>;

/// When it starts before one looks again, what is more likely than not is worth
/// a warning; the less it does, the more may still turn out otherwise.
constexpr double next_look_ms = 1500;
constexpr double likely = 0.5;
constexpr double all_but_certain = 0.9;

/// Waits that less than this share of the refreshes had say nothing of how much
/// longer one will last.
constexpr double rare = 0.02;

struct wait_cell {
  double ms = 0;
  double weight = 0;
};

using waits = std::array<wait_cell, shares.size()>;

/// How much longer a worker is waited for, after `waited` ms in vain. What has
/// lasted longer than ever is expected to last on in proportion (a Pareto
/// distribution with the exponent 2).
waits remaining_waits(const spread& lateness, double waited, bool blocked) {
  const auto longer = waited > 0 || blocked ? lateness.above(waited) : 1;
  waits cells{};
  double below = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto middle = below + shares[i] / 2;
    below += shares[i];
    const auto ms = blocked || longer < rare
                      ? waited * (1 / std::sqrt(1 - middle) - 1)
                      : lateness.quantile(1 - longer * (1 - middle)) - waited;
    cells[i] = {std::max(ms, 0.0), shares[i]};
  }
  return cells;
}

/// The next refresh, seen from a moment before it.
class outlook {
public:
  outlook(const table_model& model, const waiting& at)
    : model_(model), at_(at), age_ms_(milliseconds{at.age}.count()),
      until_due_ms_(std::max(milliseconds{at.starts_in}.count(), 0.0)),
      limit_ms_(breach_factor * milliseconds{at.target}.count()),
      rate_(model.rate_at(at.now)), ratio_(model.window_ratio.at(rate_)),
      waits_(remaining_waits(model.lateness_ms,
                             std::max(-milliseconds{at.starts_in}.count(), 0.0),
                             at.blocked)) {}

  [[nodiscard]] double probability() const {
    double sum = 0;
    for (const auto& [wait, weight] : waits_)
      sum += weight * exceeds_after(wait);
    return sum;
  }

  /// The probability that it starts before one looks again.
  [[nodiscard]] double starts_soon() const {
    double sum = 0;
    for (const auto& [wait, weight] : waits_)
      sum += until_due_ms_ + wait <= next_look_ms ? weight : 0;
    return sum;
  }

  [[nodiscard]] double wait_ms() const { return waits_[waits_.size() / 2].ms; }

  /// What it consumes, if changes come as they mostly do.
  [[nodiscard]] double usual_changes() const {
    return changes(ratio_.quantile(0.5), wait_ms());
  }

  [[nodiscard]] double predicted_ms() const {
    return age_ms_ + until_due_ms_ + wait_ms()
           + model_.expected_ms(usual_changes());
  }

  /// What a refresh at this time of the week mostly consumes.
  [[nodiscard]] double typical_changes() const {
    return rate_ * ratio_.quantile(0.5)
           * (model_.gap_ms > 0 ? model_.gap_ms : age_ms_ + until_due_ms_)
           / 1000;
  }

private:
  [[nodiscard]] double changes(double ratio, double wait) const {
    const auto coming = until_due_ms_ + wait;
    return at_.pending_changes
             ? *at_.pending_changes + rate_ * ratio * coming / 1000
             : rate_ * ratio * (age_ms_ + coming) / 1000;
  }

  /// The probability of a breach if it waits for so long. Mostly the least and
  /// the most that can come agree.
  [[nodiscard]] double exceeds_after(double wait) const {
    const auto& ratios = ratio_.values;
    const auto left = limit_ms_ - age_ms_ - until_due_ms_ - wait;
    const auto least = takes_longer(changes(ratios.front(), wait), left);
    const auto most = takes_longer(changes(ratios.back(), wait), left);
    if (least == most)
      return least;
    double sum = 0;
    for (std::size_t i = 0; i < shares.size(); ++i)
      sum += shares[i] * takes_longer(changes(ratios[i], wait), left);
    return sum;
  }

  [[nodiscard]] double takes_longer(double changes, double left_ms) const {
    if (left_ms < 0)
      return 1;
    const auto* durations = model_.durations(changes);
    if (durations == nullptr)
      return 0;
    return durations->ratio(changes).above(left_ms
                                           / durations->line_ms(changes));
  }

  const table_model& model_;
  const waiting& at_;
  double age_ms_ = 0;
  double until_due_ms_ = 0;
  double limit_ms_ = 0;
  double rate_ = 0;
  const spread& ratio_;
  waits waits_;
};

breach_cause cause_of(const table_model& model, const waiting& at,
                      const outlook& next) {
  if (at.blocked)
    return breach_cause::blocked;
  const auto waited = std::max(-milliseconds{at.starts_in}.count(), 0.0);
  const auto by_queue
    = waited + next.wait_ms() - model.lateness_ms.quantile(0.5);
  const auto typical = model.expected_ms(next.typical_changes());
  const auto by_arrivals = model.expected_ms(next.usual_changes()) - typical;
  if (by_queue > std::max(by_arrivals, typical))
    return breach_cause::queueing;
  return by_arrivals > typical ? breach_cause::arrival_spike
                               : breach_cause::cost_growth;
}

std::string suggestion(breach_cause cause, const waiting& at) {
  switch (cause) {
    case breach_cause::cost_growth:
      return "Refreshes take longer than the target leaves time for: shorten "
             "the schedule (see recommend_schedule), look at the query with "
             "explain_st, or raise the target.";
    case breach_cause::arrival_spike:
      return "More changed than usual: the refresh catches up by itself if "
             "that ends; if it lasts, shorten the schedule or write in smaller "
             "batches.";
    case breach_cause::queueing:
      return "No worker is free: raise the number of workers, or lengthen the "
             "schedules of other stream tables (see "
             "schedule_recommendations).";
    case breach_cause::blocked:
      break;
  }
  return fmt::format(
    "The refresh can't start, and the data are {} old: end "
    "the transaction that holds the lock, or open what holds "
    "the refresh back.",
    render_duration(std::chrono::floor<std::chrono::seconds>(at.age)));
}

} // namespace

std::string to_string(breach_cause cause) {
  switch (cause) {
    case breach_cause::cost_growth:
      return "cost_growth";
    case breach_cause::arrival_spike:
      return "arrival_spike";
    case breach_cause::queueing:
      return "queueing";
    case breach_cause::blocked:
      break;
  }
  return "blocked";
}

landing predict_landing(const table_model& model, const waiting& at) {
  const outlook next{model, at};
  landing result;
  result.predicted_ms = next.predicted_ms();
  result.probability = next.probability();
  result.breach
    = at.target.count() > 0
      && result.probability
           >= all_but_certain - (all_but_certain - likely) * next.starts_soon();
  if (result.breach) {
    result.predicted_ms = std::max(
      result.predicted_ms, breach_factor * milliseconds{at.target}.count());
    result.cause = cause_of(model, at, next);
    result.suggested_action = suggestion(result.cause, at);
  }
  return result;
}

} // namespace pgtrickle
