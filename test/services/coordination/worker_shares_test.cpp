#include "services/coordination/worker_shares.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

using namespace pgtrickle;

namespace {

/// What `seed` makes of nodes and their demands.
std::vector<node_demand> random_nodes(std::uint32_t seed, std::uint32_t total) {
  std::mt19937 random{seed};
  const auto up_to = [&](std::uint32_t most) {
    return static_cast<std::uint32_t>(random() % (most + 1));
  };
  std::vector<node_demand> nodes;
  oid next = 1;
  const auto count = 1 + up_to(4);
  std::uint32_t databases = 0;
  for (std::uint32_t n = 0; n < count; ++n) {
    auto& node = nodes.emplace_back(node_demand{"n" + std::to_string(n), {}});
    for (auto left = up_to(6); left > 0; --left, ++databases)
      node.databases.push_back({next++, 1, random() % 3 == 0 ? 0 : up_to(12)});
  }
  for (auto& node : nodes)
    for (auto& database : node.databases)
      database.quota
        = random() % 5 == 0 ? 1 + up_to(5) : equal_quota(total, databases);
  return nodes;
}

template <class Map>
std::uint32_t sum_of(const Map& parts) {
  return std::accumulate(
    parts.begin(), parts.end(), 0U,
    [](std::uint32_t sum, const auto& part) { return sum + part.second; });
}

bool wants_any(const node_demand& node) {
  return std::any_of(node.databases.begin(), node.databases.end(),
                     [](const auto& database) { return database.wanted > 0; });
}

/// Calls `check` with the demands and shares of 2,000 seeds.
template <class Check>
void for_all(Check check) {
  for (std::uint32_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    const auto total = 1 + seed % 16;
    const auto nodes = random_nodes(seed, total);
    check(total, nodes, share_workers(total, nodes));
  }
}

} // namespace

TEST_CASE("an equal quota is rounded up") {
  CHECK(equal_quota(4, 0) == 4);
  CHECK(equal_quota(4, 1) == 4);
  CHECK(equal_quota(4, 3) == 2);
  CHECK(equal_quota(4, 200) == 1);
  CHECK(guaranteed_workers(4, 200, 100) == 2);
  CHECK(guaranteed_workers(4, 200, 1) == 1);
  CHECK(guaranteed_workers(4, 0, 0) == 1);
}

TEST_CASE("idle quota is lent to who wants more, on whichever node it is") {
  const auto shares
    = share_workers(8, {{"a", {{1, 2, 9}, {2, 2, 0}}}, {"b", {{3, 2, 3}}}});
  CHECK(shares.by_database.at(1) == 5);
  CHECK(shares.by_database.at(2) == 0);
  CHECK(shares.by_database.at(3) == 3);
  CHECK(shares.by_node.at("a") == 5);
}

TEST_CASE("what was lent is back in the round in which it is wanted") {
  const auto lent = share_workers(4, {{"a", {{1, 2, 9}}}, {"b", {{2, 2, 0}}}});
  CHECK(lent.by_database.at(1) == 4);
  const auto back = share_workers(4, {{"a", {{1, 2, 9}}}, {"b", {{2, 2, 9}}}});
  CHECK(back.by_database.at(1) == 2);
  CHECK(back.by_database.at(2) == 2);
}

TEST_CASE("workers that nobody wants are a node's to begin with at once") {
  const auto shares = share_workers(4, {{"a", {{1, 4, 0}}}});
  CHECK(shares.by_node.at("a") == 4);
}

TEST_CASE("no more is given than there is, but one worker to each node") {
  for_all([](auto total, const auto& nodes, const auto& shares) {
    CHECK(sum_of(shares.by_database) <= total);
    CHECK(sum_of(shares.by_node)
          <= std::max<std::size_t>(total + nodes.size() - 1, 1));
  });
}

TEST_CASE("no worker is left while somebody wants one") {
  for_all([](auto total, const auto& nodes, const auto& shares) {
    std::uint32_t wanted = 0;
    for (const auto& node : nodes)
      for (const auto& database : node.databases)
        wanted += database.wanted;
    CHECK(sum_of(shares.by_database) == std::min(total, wanted));
  });
}

TEST_CASE("nobody has more than its quota while another lacks of its own") {
  for_all([](auto, const auto& nodes, const auto& shares) {
    bool one_lacks = false;
    bool one_borrows = false;
    for (const auto& node : nodes)
      for (const auto& [id, quota, wanted] : node.databases) {
        const auto given = shares.by_database.at(id);
        CHECK(given <= wanted);
        one_lacks |= given < std::min(quota, wanted);
        one_borrows |= given > quota;
      }
    CHECK_FALSE((one_lacks && one_borrows));
  });
}

TEST_CASE("no database waits for the second worker of another") {
  for_all([](auto total, const auto& nodes, const auto& shares) {
    std::uint32_t wanting = 0;
    for (const auto& node : nodes)
      for (const auto& database : node.databases)
        wanting += database.wanted > 0 ? 1 : 0;
    for (const auto& node : nodes) {
      if (wants_any(node))
        CHECK(shares.by_node.at(node.node) >= 1);
      for (const auto& database : node.databases)
        if (wanting <= total && database.wanted > 0)
          CHECK(shares.by_database.at(database.database) >= 1);
    }
  });
}

TEST_CASE("nodes that heard the same in another order agree") {
  for_all([](auto total, auto nodes, const auto& shares) {
    std::reverse(nodes.begin(), nodes.end());
    const auto others = share_workers(total, nodes);
    CHECK(others.by_database == shares.by_database);
    CHECK(others.by_node == shares.by_node);
  });
}
