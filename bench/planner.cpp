// How good is the planner's advice?
//
// Ten workloads, each simulated by virtual time from several seeds: two weeks
// to learn from, two weeks to be judged by.

#include "bench/planner/trials.hpp"
#include "bench/text_table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iostream>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  std::vector<std::uint64_t> seeds{1, 2, 3};
  std::vector<std::string> names;
  bool advice = true;
};

struct outcome {
  std::string name;
  warning_trial warnings;
  forecast_trial forecasts;
  std::vector<advice_trial> advice;
};

outcome run(const workload& kind, std::uint64_t seed) {
  const trace of{kind, trace_days, seed};
  const auto table = learnt(of);
  return {kind.name,
          try_warnings(of, table),
          try_forecasts(of, table),
          {try_advice(of, table)}};
}

void add(outcome& to, const outcome& more) {
  to.warnings.planner.add(more.warnings.planner);
  to.warnings.best.add(more.warnings.best);
  to.warnings.peer.add(more.warnings.peer);
  to.warnings.robust.add(more.warnings.robust);
  to.warnings.refreshes += more.warnings.refreshes;
  to.warnings.brier += more.warnings.brier;
  to.warnings.ahead.insert(to.warnings.ahead.end(), more.warnings.ahead.begin(),
                           more.warnings.ahead.end());
  to.forecasts.changes.add(more.forecasts.changes);
  to.forecasts.durations.add(more.forecasts.durations);
  to.forecasts.lags.add(more.forecasts.lags);
  to.advice.insert(to.advice.end(), more.advice.begin(), more.advice.end());
}

outcome run_all(const workload& kind, const std::vector<std::uint64_t>& seeds) {
  outcome result{kind.name, {}, {}, {}};
  for (auto seed : seeds)
    add(result, run(kind, seed));
  return result;
}

std::string pct(std::size_t part, std::size_t whole) {
  return fmt::format("{:.1f}",
                     100.0 * static_cast<double>(part)
                       / static_cast<double>(std::max<std::size_t>(whole, 1)));
}

std::string two(double x) { return fmt::format("{:.2f}", x); }

void print_warnings(const std::vector<outcome>& all) {
  text_table table{{"trace", "refreshes", "late", "F1", "precision", "recall",
                    "ahead s", "best F1", "peer F1", "med+3MAD F1"}};
  for (auto one : all) {
    const auto& p = one.warnings.planner;
    std::ranges::sort(one.warnings.ahead);
    const auto n = one.warnings.ahead.size();
    table.add({one.name, std::to_string(one.warnings.refreshes),
               std::to_string(p.right + p.missed), two(p.f1()),
               two(static_cast<double>(p.right)
                   / std::max<double>(1, p.right + p.wrong)),
               two(static_cast<double>(p.right)
                   / std::max<double>(1, p.right + p.missed)),
               n == 0 ? "" : fmt::format("{:.1f}", one.warnings.ahead[n / 2]),
               two(one.warnings.best.f1()), two(one.warnings.peer.f1()),
               two(one.warnings.robust.f1())});
  }
  table.print(std::cout);
}

void print_forecasts(const std::vector<outcome>& all) {
  text_table table{
    {"trace", "changes 95", "50", "duration 95", "50", "lag 95", "50"}};
  for (const auto& one : all) {
    std::vector<std::string> row{one.name};
    for (const auto* c : {&one.forecasts.changes, &one.forecasts.durations,
                          &one.forecasts.lags}) {
      row.push_back(pct(c->in_95, c->all));
      row.push_back(pct(c->in_50, c->all));
    }
    table.add(row);
  }
  table.print(std::cout);
}

void print_advice(const std::vector<outcome>& all) {
  text_table table{{"trace", "interval", "last", "time kept", "refreshes kept",
                    "load", "least", "ratio", "conf", "peak"}};
  for (const auto& one : all)
    for (const auto& a : one.advice)
      table.add({one.name, fmt::format("{:.1f}", a.first_interval),
                 fmt::format("{:.1f}", a.last_interval),
                 fmt::format("{:.2f}", 100 * a.time_kept),
                 fmt::format("{:.2f}", 100 * a.refreshes_kept),
                 fmt::format("{:.4f}", a.load),
                 fmt::format("{:.4f}", a.least_load),
                 two(a.load / a.least_load), two(a.confidence),
                 a.peak_cron.value_or("-")});
  table.print(std::cout);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"How good the planner's advice is, by simulation."};
  options wanted;
  app.add_option("--seeds", wanted.seeds)->delimiter(',');
  app.add_option("--traces", wanted.names)->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  std::vector<outcome> all;
  std::vector<std::future<outcome>> running;
  for (const auto& kind : workloads())
    if (wanted.names.empty()
        || std::ranges::count(wanted.names, kind.name) > 0) {
      running.push_back(std::async(std::launch::async, run_all, std::cref(kind),
                                   std::cref(wanted.seeds)));
      if (running.size() >= 2)
        running[running.size() - 2].wait();
    }
  for (auto& one : running)
    all.push_back(one.get());
  print_warnings(all);
  print_forecasts(all);
  print_advice(all);
}
