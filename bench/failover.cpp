// How soon are the databases of a daemon that is killed refreshed by others?
//
// Several daemons share many databases. Before each kill a row is written to
// every database, which the victim may or may not have consumed, and right
// after it another: the time from the kill until both are seen is what users of
// the victim's databases notice. At the end every row must have been consumed
// by exactly one refresh, and every alert be in NATS exactly once.

#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "test/cluster/fleet.hpp"
#include "test/support/kept_alerts.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <set>
#include <thread>

using namespace pgtrickle;
using namespace pgtrickle::bench;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

struct options {
  int databases = 50;
  int nodes = 3;
  int kills = 5;
};

std::string name_of(int node) { return fmt::format("n{}", node); }

/// One database as its users see it.
struct visited {
  std::string name;
  test::session db;

  void write() { test::must(db, "INSERT INTO base VALUES (1)"); }

  [[nodiscard]] bool is_fresh() {
    return db.run("SELECT (SELECT count(*) FROM base)"
                  " = (SELECT count(*) FROM copy)")
             .value()
           == "t";
  }
};

class trial {
public:
  explicit trial(const options& wanted)
    : wanted_(wanted),
      all_(wanted.databases,
           fmt::format("max_connections = {}\n",
                       100 + wanted.databases * (4 + 2 * wanted.nodes))) {
    for (int node = 0; node < wanted.nodes; ++node)
      all_.start(name_of(node));
    all_.settle();
    for (const auto& name : all_.databases())
      visits_.push_back({name, all_.connect(name)});
  }

  /// Seconds from the kill of `node` until each of its databases is fresh.
  std::vector<double> kill(int node) {
    become_fresh();
    std::vector<visited*> orphans;
    for (auto& one : visits_)
      if (all_.owner_of(one.name) == name_of(node))
        orphans.push_back(&one);
    for (auto& one : visits_)
      one.write();
    const auto killed = clock_type::now();
    all_.node(name_of(node)).process.kill();
    for (auto& one : visits_)
      one.write();
    std::vector<double> seconds;
    while (!orphans.empty()) {
      std::erase_if(orphans, [&](visited* one) {
        if (!one->is_fresh())
          return false;
        seconds.push_back(
          std::chrono::duration<double>(clock_type::now() - killed).count());
        return true;
      });
      if (clock_type::now() > killed + 60s)
        give_up("not refreshed within a minute: " + all_.logs());
      std::this_thread::sleep_for(10ms);
    }
    all_.node(name_of(node)).process.start();
    all_.settle();
    return seconds;
  }

  /// How many databases have a row that was consumed never or twice.
  [[nodiscard]] long astray() {
    become_fresh();
    return std::count_if(
      visits_.begin(), visits_.end(),
      [&](const visited& one) { return !all_.consumed_all_once(one.name); });
  }

  /// How many alerts NATS has never or twice.
  [[nodiscard]] std::size_t alerts_astray() {
    std::size_t told = 0;
    for (auto& one : visits_) {
      const auto published = [&] {
        return one.db
                 .run("SELECT count(*) FROM pgtrickle.pgt_alerts"
                      " WHERE published_at IS NULL")
                 .value()
               == "0";
      };
      if (!test::eventually(20s, published))
        give_up("alerts are not published: " + all_.logs());
      told += std::stoul(
        one.db.run("SELECT count(*) FROM pgtrickle.pgt_alerts").value());
    }
    const auto kept = test::kept_alerts(all_.nats.url());
    const std::set<std::string> distinct(kept.begin(), kept.end());
    const auto doubled = kept.size() - distinct.size();
    return doubled
           + (distinct.size() > told ? distinct.size() - told
                                     : told - distinct.size());
  }

private:
  void become_fresh() {
    for (auto& one : visits_)
      if (!test::eventually(30s, [&] { return one.is_fresh(); }))
        give_up(one.name + " is not refreshed: " + all_.logs());
  }

  options wanted_;
  test::fleet all_;
  std::vector<visited> visits_;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A daemon of several is killed: how soon others do its work."};
  options wanted;
  app.add_option("--databases", wanted.databases, "how many (50)");
  app.add_option("--nodes", wanted.nodes, "how many daemons (3)");
  app.add_option("--kills", wanted.kills, "how many kills, in turn (5)");
  CLI11_PARSE(app, argc, argv);

  trial one(wanted);
  std::vector<double> seconds;
  for (int i = 0; i < wanted.kills; ++i)
    for (const auto each : one.kill(i % wanted.nodes))
      seconds.push_back(each);
  if (seconds.empty())
    give_up("the killed daemons owned nothing");
  const auto slowest = quantile(seconds, 1);
  const auto astray = one.astray();
  const auto alerts = one.alerts_astray();
  text_table table{{"what", "figure", "bar", ""}};
  const auto add = [&](const std::string& what, const std::string& figure,
                       const std::string& bar, bool kept) {
    table.add({what, figure, bar, kept ? "kept" : "MISSED"});
  };
  table.add({fmt::format("takeovers, of {} databases by {} daemons",
                         wanted.databases, wanted.nodes),
             std::to_string(seconds.size()), "", ""});
  table.add({"kill to fresh, p50",
             fmt::format("{:.2f} s", quantile(seconds, 0.5)), "", ""});
  add("kill to fresh, slowest", fmt::format("{:.2f} s", slowest), "<= 5 s",
      slowest <= 5);
  add("databases with a missed or doubled row", std::to_string(astray), "0",
      astray == 0);
  add("missed or doubled alerts", std::to_string(alerts), "0", alerts == 0);
  table.print(std::cout);
  return slowest <= 5 && astray == 0 && alerts == 0 ? 0 : 2;
}
