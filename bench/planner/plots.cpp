#include "bench/planner/plots.hpp"

#include "bench/planner/svg.hpp"
#include "bench/planner/trials.hpp"
#include "services/planning/forecast.hpp"
#include "services/planning/interval_costs.hpp"
#include "services/planning/landing.hpp"
#include "services/planning/recommendation.hpp"

#include <algorithm>

namespace pgtrickle::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto dark = "#1f4e79";
constexpr auto middle = "#8fb8de";
constexpr auto light = "#d6e6f5";
constexpr auto warm = "#c0392b";

/// The trace of the figures: a daily peak.
const workload& drawn() { return workloads()[1]; }
constexpr std::uint64_t seed = 11;

double largest(const std::vector<plot_point>& points) {
  return std::ranges::max_element(points, {}, &plot_point::y)->y;
}

void draw_costs(const simulation& table, const table_model& model,
                const std::string& path) {
  std::vector<plot_point> was;
  for (const auto& one : table.history().refreshes)
    was.push_back({one.changes / 1000, one.took_ms() / 1000});
  const auto most = std::ranges::max_element(was, {}, &plot_point::x)->x * 1.05;
  std::vector<plot_point> low;
  std::vector<plot_point> high;
  std::vector<plot_point> line;
  for (double x = 0; x <= most; x += most / 100) {
    const auto ms = model.differential->line_ms(1000 * x);
    const auto& ratio = model.differential->ratio(1000 * x);
    line.push_back({x, ms / 1000});
    low.push_back({x, ms * ratio.quantile(0.025) / 1000});
    high.push_back({x, ms * ratio.quantile(0.975) / 1000});
  }
  svg_plot plot{"What 1,000 refreshes took, and the line through them",
                {"changes, in thousands", most},
                {"seconds", largest(was) * 1.1}};
  plot.area(low, high, light, "95 % of the refreshes");
  plot.dots(was, middle, "refreshes");
  plot.line(line, dark, "Theil-Sen");
  plot.write(path);
}

void draw_forecast(const trace& of, simulation table, const table_model& model,
                   const std::string& path) {
  const auto begin = table.now();
  const auto slots = forecast(model, table.when(), trace::wall(begin), 48h, 1h);
  std::vector<plot_point> low_95, high_95, low_50, high_50, was;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto x = static_cast<double>(i) + 0.5;
    const auto& said = slots[i].changes;
    low_95.push_back({x, said.low_95 / 1e6});
    high_95.push_back({x, said.high_95 / 1e6});
    low_50.push_back({x, said.low_50 / 1e6});
    high_50.push_back({x, said.high_50 / 1e6});
    const auto from = begin + 3600 * static_cast<double>(i);
    was.push_back({x, of.changes(from, from + 3600) / 1e6});
  }
  svg_plot plot{"Two days foretold from the two weeks before",
                {"hours ahead", 48},
                {"changes an hour, in millions",
                 std::max(largest(high_95), largest(was)) * 1.1}};
  plot.area(low_95, high_95, light, "95 % band");
  plot.area(low_50, high_50, middle, "50 % band");
  plot.line(was, warm, "what came");
  plot.write(path);
}

void draw_intervals(const table_model& model, const std::string& path) {
  const auto target = static_cast<double>(drawn().target.count());
  const auto rules = rules_of_trials();
  const interval_costs costs{model};
  std::vector<plot_point> kept;
  std::vector<plot_point> load;
  const auto whole = costs.load(5000);
  for (double s = 5; s <= 75; s += 0.5) {
    kept.push_back({s, costs.kept(1000 * s, target)});
    load.push_back({s, costs.load(1000 * s) / whole});
  }
  const auto advice
    = recommend(model, interval{60s}, drawn().target, rules, trace::wall(0));
  const auto x = advice.recommended_interval_seconds;
  svg_plot plot{"The longest interval that keeps a target of 75 s",
                {"interval, in seconds", 75},
                {"probability; load by that of 5 s", 1.1}};
  plot.line(kept, dark, "refreshes that keep the target");
  plot.line(load, warm, "load");
  plot.line({{x, 0}, {x, 1.1}}, "#555", "recommended");
  plot.write(path);
}

/// A refresh of which ever more changes are pending when it is about to start.
void draw_warning(const table_model& model, const std::string& path) {
  std::vector<plot_point> said;
  const auto target = drawn().target;
  for (double changes = 0; changes <= 80000; changes += 500)
    said.push_back({changes / 1000,
                    predict_landing(model, {trace::wall(learning_days * 86400),
                                            60s, changes, 0s, target, false})
                      .probability});
  svg_plot plot{
    "The probability of a breach, 60 s after the last refresh of 60",
    {"pending changes, in thousands", 80},
    {"probability", 1.1}};
  plot.line(said, dark, "lag > 1.2 x 75 s");
  plot.line({{0, 0.5}, {80, 0.5}}, "#999", "warned from here on");
  plot.write(path);
}

} // namespace

void draw_plots(const std::string& folder) {
  const trace of{drawn(), trace_days, seed};
  simulation table{of, schedule_of(drawn())};
  while (table.now() < (learning_days + 0.75) * 86400)
    static_cast<void>(table.next());
  const auto model = learn_model(table.history(), table.when(),
                                 rules_of_trials(), trace::wall(table.now()));
  draw_costs(table, model, folder + "/costs.svg");
  draw_forecast(of, table, model, folder + "/forecast.svg");
  draw_intervals(model, folder + "/intervals.svg");
  draw_warning(model, folder + "/warning.svg");
}

} // namespace pgtrickle::bench
