#include "services/coordination/worker_shares.hpp"

#include <algorithm>
#include <tuple>

namespace pgtrickle {

namespace {

/// A node while workers are dealt out.
struct node_hand {
  const std::string* name = nullptr;
  std::uint32_t wanted = 0;
  std::uint32_t given = 0;
};

struct database_hand {
  const worker_demand* demand = nullptr;
  node_hand* node = nullptr;
  std::uint32_t given = 0;
};

struct table_of_hands {
  std::vector<node_hand> nodes;
  std::vector<database_hand> databases;
  std::uint32_t left = 0;
};

table_of_hands seated(std::uint32_t total,
                      const std::vector<node_demand>& nodes) {
  table_of_hands table;
  table.left = total;
  table.nodes.reserve(nodes.size());
  for (const auto& node : nodes) {
    auto& hand = table.nodes.emplace_back(node_hand{&node.node});
    for (const auto& database : node.databases) {
      hand.wanted += database.wanted;
      table.databases.push_back({&database, &hand});
    }
  }
  return table;
}

/// Whether `a` is served before `b`: has less, or else its node has less of
/// what it wants.
bool goes_first(const database_hand& a, const database_hand& b) {
  const auto part = [](const node_hand& one, const node_hand& other) {
    return std::uint64_t{one.given} * other.wanted;
  };
  return std::tuple{a.given, part(*a.node, *b.node), a.demand->database}
         < std::tuple{b.given, part(*b.node, *a.node), b.demand->database};
}

/// Deals until nothing is left, or everybody has what `limit` says.
template <class Limit>
void deal(table_of_hands& table, Limit limit) {
  while (table.left > 0) {
    database_hand* next = nullptr;
    for (auto& hand : table.databases)
      if (hand.given < limit(*hand.demand)
          && (next == nullptr || goes_first(hand, *next)))
        next = &hand;
    if (next == nullptr)
      return;
    ++next->given;
    ++next->node->given;
    --table.left;
  }
}

/// What nobody wants at this moment, for who wants some before the next round.
void deal_rest(table_of_hands& table) {
  while (table.left > 0 && !table.nodes.empty()) {
    auto least = std::min_element(
      table.nodes.begin(), table.nodes.end(), [](const auto& a, const auto& b) {
        return std::tie(a.given, *a.name) < std::tie(b.given, *b.name);
      });
    ++least->given;
    --table.left;
  }
}

} // namespace

std::uint32_t equal_quota(std::uint32_t total, std::uint32_t databases) {
  const auto among = std::max(databases, 1U);
  return std::max((total + among - 1) / among, 1U);
}

std::uint32_t guaranteed_workers(std::uint32_t total, std::uint32_t databases,
                                 std::uint32_t own_databases) {
  const auto among = std::max({databases, own_databases, 1U});
  return std::max((total * own_databases + among - 1) / among, 1U);
}

worker_shares share_workers(std::uint32_t total,
                            const std::vector<node_demand>& nodes) {
  auto table = seated(total, nodes);
  deal(table, [](const worker_demand& demand) {
    return std::min(demand.quota, demand.wanted);
  });
  deal(table, [](const worker_demand& demand) { return demand.wanted; });
  deal_rest(table);
  worker_shares shares;
  for (const auto& hand : table.databases)
    shares.by_database[hand.demand->database] += hand.given;
  for (const auto& hand : table.nodes)
    shares.by_node[*hand.name] = std::max(hand.given, 1U);
  return shares;
}

} // namespace pgtrickle
