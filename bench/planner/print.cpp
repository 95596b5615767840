#include "bench/planner/outcome.hpp"
#include "bench/text_table.hpp"
#include "services/planning/spread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pgtrickle::bench {

namespace {

using outcomes = std::vector<outcome>;

std::string two(double x) { return fmt::format("{:.2f}", x); }

std::string share(std::size_t part, std::size_t whole) {
  return fmt::format("{:.1f}", 100.0 * static_cast<double>(part)
                                 / static_cast<double>(whole));
}

bool print_bar(std::ostream& out, const std::string& what, double figure,
               const std::string& bar, bool kept) {
  out << bar_text(what, figure, bar, kept) << '\n';
  return kept;
}

// -- warnings
// ----------------------------------------------------------------

std::vector<std::string> row_of(const std::string& name, warning_trial one) {
  const auto& score = one.planner;
  return {name,
          grouped(static_cast<std::int64_t>(one.refreshes)),
          grouped(static_cast<std::int64_t>(score.right + score.missed)),
          two(score.f1()),
          two(score.precision()),
          two(score.recall()),
          fmt::format("{:.0f}", median(one.ahead)),
          fmt::format("{:.4f}", one.brier / static_cast<double>(one.refreshes)),
          two(one.best.f1()),
          two(one.peer.f1()),
          two(one.robust.f1())};
}

bool print_warnings(std::ostream& out, const outcomes& all) {
  text_table table{{"warnings", "refreshes", "late", "F1", "precision",
                    "recall", "s ahead", "Brier", "possible F1", "peer F1",
                    "median + 3 MAD F1"}};
  warning_trial sum;
  double least = 1;
  for (const auto& one : all) {
    table.add(row_of(one.kind->name, one.warnings));
    sum.add(one.warnings);
    least = std::min(least, one.warnings.planner.f1());
  }
  table.add(row_of("all", sum));
  table.print(out);
  const auto overall = sum.planner.f1();
  const bool all_kept
    = print_bar(out, "F1 of all warnings", overall, ">= 0.9", overall >= 0.9);
  return print_bar(out, "least F1 of a trace", least, ">= 0.75", least >= 0.75)
         && all_kept;
}

// -- forecasts
// ---------------------------------------------------------------

bool print_forecasts(std::ostream& out, const outcomes& all) {
  using part = coverage forecast_trial::*;
  constexpr std::array<std::pair<const char*, part>, 3> parts{
    {{"changes of an hour", &forecast_trial::changes},
     {"duration", &forecast_trial::durations},
     {"lag", &forecast_trial::lags}}};
  std::vector<std::string> heading{"% within the band of"};
  for (const auto& [name, member] : parts)
    for (const auto* band : {"95 %", "50 %"})
      heading.push_back(fmt::format("{}, {}", name, band));
  text_table table{heading};
  std::array<double, parts.size()> sums{};
  for (const auto& one : all) {
    std::vector<std::string> row{one.kind->name};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& [count, in_95, in_50] = one.forecasts.*parts[i].second;
      row.push_back(share(in_95, count));
      row.push_back(share(in_50, count));
      sums[i] += 100.0 * static_cast<double>(in_95)
                 / static_cast<double>(count * all.size());
    }
    table.add(row);
  }
  table.print(out);
  bool kept = true;
  for (std::size_t i = 0; i < parts.size(); ++i)
    kept = print_bar(out,
                     fmt::format("% of {} within the 95 % band, all traces "
                                 "alike",
                                 parts[i].first),
                     sums[i], "92 to 98", sums[i] >= 92 && sums[i] <= 98)
           && kept;
  return kept;
}

// -- recommendations
// ---------------------------------------------------------

struct advice_summary {
  double first = 0;
  double last = 0;
  double time_kept = 1;
  double refreshes_kept = 1;
  double ratio = 0;
  double load = 0;
  double hours_off = 0;
  std::string cron = "none";
};

/// The worst of the seeds, and the means of their intervals and loads.
advice_summary summary_of(const outcome& one) {
  advice_summary sum;
  for (const auto& advice : one.advice) {
    sum.first += advice.first_interval / static_cast<double>(one.advice.size());
    sum.last += advice.last_interval / static_cast<double>(one.advice.size());
    sum.load += advice.load / static_cast<double>(one.advice.size());
    sum.time_kept = std::min(sum.time_kept, advice.time_kept);
    sum.refreshes_kept = std::min(sum.refreshes_kept, advice.refreshes_kept);
    sum.ratio = std::max(sum.ratio, advice.load / advice.least_load);
    const auto off = hours_off(advice.peak_cron, one.kind->peak);
    if (off >= sum.hours_off)
      sum.cron = advice.peak_cron.value_or("none");
    sum.hours_off = std::max(sum.hours_off, off);
  }
  return sum;
}

bool print_advice(std::ostream& out, const outcomes& all) {
  text_table table{{"recommendation", "first s", "last s", "% of time kept",
                    "% of refreshes", "load", "by least load", "peak",
                    "hours off"}};
  double time_kept = 1;
  double ratio = 0;
  double off = 0;
  for (const auto& one : all) {
    const auto sum = summary_of(one);
    table.add({one.kind->name, fmt::format("{:.0f}", sum.first),
               fmt::format("{:.0f}", sum.last), two(100 * sum.time_kept),
               two(100 * sum.refreshes_kept), fmt::format("{:.4f}", sum.load),
               ratio_text(sum.ratio), sum.cron, two(sum.hours_off)});
    time_kept = std::min(time_kept, sum.time_kept);
    ratio = std::max(ratio, sum.ratio);
    off = std::max(off, sum.hours_off);
  }
  table.print(out);
  bool kept = print_bar(out, "least % of time within the target",
                        100 * time_kept, ">= 99", time_kept >= least_kept);
  kept = print_bar(out, "most load by the least", ratio, "<= 1.3",
                   ratio <= most_load)
         && kept;
  return print_bar(out, "most hours that a peak is off", off, "<= 1", off <= 1)
         && kept;
}

// -- confidence
// --------------------------------------------------------------

void print_confidence(std::ostream& out, const outcomes& all) {
  constexpr std::array edges{0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.01};
  text_table table{{"confidence", "recommendations", "mean", "were good"}};
  double brier = 0;
  double count = 0;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    double n = 0;
    double sum = 0;
    double good = 0;
    for (const auto& one : all)
      for (const auto& trial : one.confidence)
        if (trial.confidence >= edges[i] && trial.confidence < edges[i + 1]) {
          ++n;
          sum += trial.confidence;
          good += trial.good ? 1 : 0;
          brier += std::pow(trial.confidence - (trial.good ? 1 : 0), 2);
        }
    count += n;
    if (n > 0)
      table.add(
        {fmt::format("{:.1f} to {:.1f}", edges[i], std::min(edges[i + 1], 1.0)),
         fmt::format("{:.0f}", n), two(sum / n), two(good / n)});
  }
  table.print(out);
  out << fmt::format("Brier score of the confidence: {:.3f}\n",
                     brier / std::max(count, 1.0));
}

} // namespace

bool print(std::ostream& out, const outcomes& all) {
  bool kept = print_warnings(out, all);
  out << '\n';
  kept = print_forecasts(out, all) && kept;
  out << '\n';
  kept = print_advice(out, all) && kept;
  out << '\n';
  print_confidence(out, all);
  return kept;
}

} // namespace pgtrickle::bench
