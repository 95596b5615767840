// What would a hundred nodes do? The rules by which nodes share databases are
// pure: here they decide for clusters of any size, without PostgreSQL.
//
// Each cluster has as many databases for each node. Shown is how evenly they
// are spread, how many move when a node comes, and what a node's look at the
// whole cluster, each second, costs it.

#include "services/coordination/placement.hpp"

#include "bench/measure.hpp"
#include "bench/text_table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <map>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  std::vector<int> nodes{1, 3, 10, 30, 100};
  int databases_per_node = 200;
};

std::vector<node_presence> nodes_of(int count) {
  std::vector<node_presence> nodes(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    auto& node = nodes[static_cast<std::size_t>(i)];
    node.node = fmt::format("node-{}", i);
    node.present_for = std::chrono::hours{1};
  }
  return nodes;
}

/// Every database with the owner that it should have.
std::map<oid, std::string> owners(const std::vector<node_presence>& nodes,
                                  int databases) {
  std::map<oid, std::string> all;
  for (int i = 0; i < databases; ++i) {
    const auto database = static_cast<oid>(16384 + i);
    all[database] = ranking(nodes, database).front();
  }
  return all;
}

std::size_t most_on_one(const std::map<oid, std::string>& owned) {
  std::map<std::string, std::size_t> counts;
  std::size_t most = 0;
  for (const auto& [database, node] : owned)
    most = std::max(most, ++counts[node]);
  return most;
}

/// Milliseconds in which one node decides about all databases.
double look_ms(const std::vector<node_presence>& nodes,
               const std::map<oid, std::string>& owned) {
  cluster_situation situation{nodes, {}};
  for (const auto& [database, node] : owned)
    situation.tenures[database].owner = node;
  placement decides{nodes.front().node, std::chrono::seconds{10}};
  return median_ms(
    5, [] {},
    [&] {
      decides.observe(situation, std::chrono::steady_clock::now());
      for (const auto& [database, node] : owned)
        static_cast<void>(decides.decide(database, node == nodes.front().node));
    });
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"How many nodes share many databases."};
  options wanted;
  app.add_option("--nodes", wanted.nodes, "how many (1 3 10 30 100)");
  app.add_option("--databases", wanted.databases_per_node,
                 "databases for each node (200)");
  CLI11_PARSE(app, argc, argv);
  text_table table{{"nodes", "databases", "most on one node, of the mean",
                    "moved when a node comes", "of them to it", "a look, ms"}};
  for (const int count : wanted.nodes) {
    const auto databases = count * wanted.databases_per_node;
    const auto before = owners(nodes_of(count), databases);
    const auto after = owners(nodes_of(count + 1), databases);
    const auto newcomer = nodes_of(count + 1).back().node;
    int moved = 0;
    int to_newcomer = 0;
    for (const auto& [database, node] : after) {
      moved += node != before.at(database) ? 1 : 0;
      to_newcomer += node == newcomer ? 1 : 0;
    }
    table.add({std::to_string(count), std::to_string(databases),
               fmt::format("{:.2f}", static_cast<double>(most_on_one(before))
                                       / wanted.databases_per_node),
               fmt::format("{:.1f} %", 100.0 * moved / databases),
               fmt::format("{:.0f} %", 100.0 * to_newcomer / moved),
               fmt::format("{:.1f}", look_ms(nodes_of(count), before))});
  }
  table.print(std::cout);
}
