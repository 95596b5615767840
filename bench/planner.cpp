// How good is what the planner says?
//
// Ten workloads, each simulated in virtual time from several seeds: two weeks
// to learn from, two weeks to be judged by.

#include "bench/planner/outcome.hpp"
#include "bench/planner/plots.hpp"
#include "bench/text_table.hpp"
#include "services/planning/recommendation.hpp"
#include "services/planning/table_model.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <future>
#include <iostream>
#include <thread>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  /// Nothing of the model was chosen by these.
  std::vector<std::uint64_t> seeds{31, 32, 33, 34, 35, 36, 37, 38, 39, 40};
  std::vector<std::string> names;
  std::size_t models = 10000;
  bool check = false;
  std::string plots;
};

/// One workload and one seed.
struct task {
  const workload* kind = nullptr;
  std::uint64_t seed = 0;
};

std::vector<task> tasks_of(const options& wanted) {
  std::vector<task> tasks;
  for (const auto& kind : workloads())
    if (wanted.names.empty() || std::ranges::count(wanted.names, kind.name) > 0)
      for (auto seed : wanted.seeds)
        tasks.push_back({&kind, seed});
  return tasks;
}

/// Carries out `tasks` on all processors, and adds those of a workload up.
std::vector<outcome> run(const std::vector<task>& tasks) {
  std::vector<outcome> done(tasks.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency());
       ++i)
    threads.emplace_back([&] {
      for (auto at = next++; at < tasks.size(); at = next++)
        done[at] = run_trials(*tasks[at].kind, tasks[at].seed);
    });
  threads.clear();
  std::vector<outcome> all;
  for (const auto& one : done) {
    if (all.empty() || all.back().kind != one.kind)
      all.emplace_back();
    add(all.back(), one);
  }
  return all;
}

/// Seconds to learn so many times the model of a table that has 1,000
/// refreshes and the hours of `days`.
double seconds_to_learn(std::size_t models, std::size_t days) {
  const trace of{workloads()[1], days, 1};
  simulation table{of, schedule_of(of.kind())};
  while (table.now() < of.seconds() - 3600)
    static_cast<void>(table.next());
  const auto rules = rules_of_trials();
  const auto now = trace::wall(table.now());
  const auto begin = std::clock();
  for (std::size_t i = 0; i < models; ++i)
    if (learn_model(table.history(), table.when(), rules, now).samples == 0)
      return 0;
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

/// Seconds to recommend so many times, each from a model that was kept as JSON.
double seconds_to_recommend(std::size_t times) {
  const trace of{workloads()[1], 4, 1};
  simulation table{of, schedule_of(of.kind())};
  while (table.now() < of.seconds() - 3600)
    static_cast<void>(table.next());
  const auto rules = rules_of_trials();
  const auto now = trace::wall(table.now());
  const auto text
    = nlohmann::json(learn_model(table.history(), table.when(), rules, now))
        .dump();
  const auto begin = std::clock();
  for (std::size_t i = 0; i < times; ++i)
    if (recommend(nlohmann::json::parse(text).get<table_model>(), table.when(),
                  of.kind().target, rules, now)
          .confidence
        == 0)
      return 0;
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

bool time_learning(std::size_t models) {
  const auto seconds = seconds_to_learn(models, 2);
  const auto most = 10.0 * static_cast<double>(models) / 10000;
  std::cout << bar_text(
    fmt::format("s to learn {} models of 1,000 refreshes each",
                grouped(static_cast<std::int64_t>(models))),
    seconds, fmt::format("<= {:g}", most), seconds <= most)
            << '\n'
            << fmt::format("the same with 8 weeks of hours each: {:.2f}\n",
                           seconds_to_learn(models, 56))
            << fmt::format("s to recommend from as many models: {:.2f}\n",
                           seconds_to_recommend(models));
  return seconds <= most;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"How good is what the planner says, by simulation."};
  options wanted;
  app.add_option("--seeds", wanted.seeds, "of each workload (31 to 40)")
    ->delimiter(',');
  std::vector<std::string> names;
  for (const auto& kind : workloads())
    names.push_back(kind.name);
  app.add_option("--traces", wanted.names, "workloads by name (all)")
    ->delimiter(',')
    ->check(CLI::IsMember(names));
  app.add_option("--models", wanted.models,
                 "models to learn for the time that it takes (10000)");
  app.add_flag("--check", wanted.check, "fail if a bar is missed");
  app.add_option("--plots", wanted.plots,
                 "only draw the figures of docs/planner.md into this folder");
  CLI11_PARSE(app, argc, argv);
  if (!wanted.plots.empty()) {
    draw_plots(wanted.plots);
    return 0;
  }
  bool kept = print(std::cout, run(tasks_of(wanted)));
  if (wanted.models > 0) {
    std::cout << '\n';
    kept = time_learning(wanted.models) && kept;
  }
  return wanted.check && !kept ? 1 : 0;
}
