// Theil–Sen with weights: the slope is the median of the slopes of all pairs,
// the rest the median of what the slope leaves. Up to half of the weight may
// be far off without effect.

#include "services/planning/cost_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pgtrickle {

namespace {

/// After so many newer refreshes one has half of its weight: four new ones
/// outweigh all that were before.
constexpr double half_life = 4;

/// Older ones weigh next to nothing.
constexpr std::size_t most_learnt = 32;

/// What is taken for granted weighs less than what was measured.
constexpr double weight_of_nothing = 0.05;

/// Changes that many times larger than any seen are another matter.
constexpr double reach = 8;

struct weighed {
  double value = 0;
  double weight = 0;
};

double weight_of(std::size_t age) {
  return std::exp2(-static_cast<double>(age) / half_life);
}

double median(std::vector<weighed> values) {
  std::ranges::sort(values, {}, &weighed::value);
  double total = 0;
  for (const auto& x : values)
    total += x.weight;
  double below = 0;
  for (const auto& x : values) {
    below += x.weight;
    if (below >= total / 2)
      return x.value;
  }
  return 0;
}

std::vector<refresh_cost> newest(const std::vector<refresh_cost>& costs) {
  return {costs.begin(),
          costs.begin()
            + static_cast<std::ptrdiff_t>(std::min(costs.size(), most_learnt))};
}

/// What one refresh by itself says of the slope.
using guess = double (*)(const refresh_cost&);

/// Nothing to do would take no time.
double all_for_changes(const refresh_cost& cost) {
  return cost.ms / std::max(cost.changes, 1.0);
}

/// A recomputation takes what it takes.
double none_for_changes(const refresh_cost& /*cost*/) { return 0; }

/// Pairs count by the distance of their changes too: a slope between
/// neighbours is mostly noise. As long as all changes are alike, the guess
/// holds.
double slope(const std::vector<refresh_cost>& costs, guess alone) {
  std::vector<weighed> slopes;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    slopes.push_back(
      {alone(costs[i]), weight_of(i) * weight_of_nothing * costs[i].changes});
    for (std::size_t j = i + 1; j < costs.size(); ++j)
      if (const auto distance = costs[i].changes - costs[j].changes;
          distance != 0)
        slopes.push_back({(costs[i].ms - costs[j].ms) / distance,
                          weight_of(i) * weight_of(j) * std::abs(distance)});
  }
  return std::max(median(std::move(slopes)), 0.0);
}

line_of_cost line_through(const std::vector<refresh_cost>& costs, guess alone) {
  line_of_cost line;
  line.ms_per_change = slope(costs, alone);
  std::vector<weighed> rest;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    rest.push_back(
      {costs[i].ms - line.ms_per_change * costs[i].changes, weight_of(i)});
    line.most_changes = std::max(line.most_changes, costs[i].changes);
  }
  line.fixed_ms = std::max(median(std::move(rest)), 0.0);
  return line;
}

double at(const line_of_cost& line, double changes) {
  return line.fixed_ms + line.ms_per_change * changes;
}

std::string in_words(const line_of_cost& line) {
  auto text = fmt::format("{:.3g} ms", line.fixed_ms);
  if (line.ms_per_change > 0)
    text += fmt::format(" + {:.3g} ms for each 1000 changes",
                        1000 * line.ms_per_change);
  return text;
}

} // namespace

std::optional<double> cost_model::differential_ms(double changes) const {
  if (!differential || changes > reach * differential->most_changes)
    return std::nullopt;
  return at(*differential, changes);
}

std::optional<double> cost_model::full_ms(double changes) const {
  if (!full)
    return std::nullopt;
  return at(*full, changes);
}

cost_model learn(const refresh_costs& costs) {
  cost_model model;
  if (!costs.differential.empty())
    model.differential
      = line_through(newest(costs.differential), all_for_changes);
  if (!costs.full.empty())
    model.full = line_through(newest(costs.full), none_for_changes);
  return model;
}

std::string to_text(const cost_model& model) {
  auto text = model.differential
                ? fmt::format("DIFFERENTIAL {} (seen up to {:.0f})",
                              in_words(*model.differential),
                              model.differential->most_changes)
                : std::string{"DIFFERENTIAL not known yet"};
  return text + ", FULL "
         + (model.full ? in_words(*model.full) : "not known yet");
}

std::optional<std::string> last_prediction(const refresh_costs& costs) {
  auto before = costs;
  const bool was_full
    = !costs.full.empty()
      && (costs.differential.empty()
          || costs.full.front().id > costs.differential.front().id);
  auto& mode = was_full ? before.full : before.differential;
  if (mode.empty())
    return std::nullopt;
  const auto last = mode.front();
  mode.erase(mode.begin());
  const auto model = learn(before);
  const auto predicted = was_full ? model.full_ms(last.changes)
                                  : model.differential_ms(last.changes);
  if (!predicted)
    return std::nullopt;
  return fmt::format("{} of {:.0f} changes: {:.3g} ms, took {:.3g} ms "
                     "({:+.0f} %)",
                     was_full ? "FULL" : "DIFFERENTIAL", last.changes,
                     *predicted, last.ms,
                     100 * (last.ms / std::max(*predicted, 0.001) - 1));
}

} // namespace pgtrickle
