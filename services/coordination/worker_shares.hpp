#pragma once

#include "services/core/ids.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pgtrickle {

/// What a database wants of the workers, as its owner reports it.
struct worker_demand {
  oid database = 0;
  /// Workers that it gets before any is lent.
  std::uint32_t quota = 1;
  /// Those at work, and the orders that wait for one.
  std::uint32_t wanted = 0;
};

/// The databases that a live node owns.
struct node_demand {
  std::string node;
  std::vector<worker_demand> databases;
};

/// Who may have how many of the workers of a PostgreSQL cluster.
struct worker_shares {
  std::map<oid, std::uint32_t> by_database;
  /// What its databases have, and its part of what nobody wants. Every node
  /// may have one, so that none stands still.
  std::map<std::string, std::uint32_t> by_node;
};

/// The quota of a database that has none of its own: an equal part of `total`,
/// rounded up. At least one.
[[nodiscard]] std::uint32_t equal_quota(std::uint32_t total,
                                        std::uint32_t databases);

/// What a node may always use, whatever it hears of others: as much of `total`
/// as it has of the `databases`, rounded up. At least one.
[[nodiscard]] std::uint32_t guaranteed_workers(std::uint32_t total,
                                               std::uint32_t databases,
                                               std::uint32_t own_databases);

/// Divides `total`: first up to the quotas, then what is left among those that
/// want more, one worker at a time to whoever has least. Nodes that heard the
/// same come to the same shares.
[[nodiscard]] worker_shares
share_workers(std::uint32_t total, const std::vector<node_demand>& nodes);

} // namespace pgtrickle
