#pragma once
// Frontiers in another cluster. A dump holds the captured changes that a stream
// table has still to consume, but the transaction ids by which its frontier
// tells them apart mean nothing where the dump is loaded. The changes are
// relabelled: those that the same frontiers have still to see get one new
// transaction id.

#include "services/capture/frontier.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pgtrickle {

/// What lies beyond a frontier.
struct unseen_transactions {
  /// These and all later ones …
  std::uint64_t later = 0;
  /// … and these, …
  std::set<std::uint64_t> open;
  /// … without this one.
  std::optional<std::uint64_t> own;

  [[nodiscard]] bool contains(std::uint64_t xid) const {
    return xid != own && (xid >= later || open.contains(xid));
  }
  bool operator==(const unseen_transactions&) const = default;
};

/// Nothing if `snapshot` or `own_xid` is not what PostgreSQL prints.
[[nodiscard]] std::optional<unseen_transactions>
unseen_by(const frontier& since);

/// Changes that the same frontiers have still to see.
struct change_class {
  /// The frontiers, by their places in what was asked about.
  std::set<std::size_t> readers;

  auto operator<=>(const change_class&) const = default;
};

/// Transaction ids of the former cluster whose changes are in one class.
struct xid_range {
  std::uint64_t from = 0;
  /// The first one behind them; absent: there is none.
  std::optional<std::uint64_t> to;
  /// The class, by its place.
  std::size_t in_class = 0;

  bool operator==(const xid_range&) const = default;
};

struct classification {
  /// The first holds what every frontier has still to see, also everything that
  /// was written since the dump was loaded.
  std::vector<change_class> classes;
  /// In ascending order. What lies in none of them, everybody has seen.
  std::vector<xid_range> ranges;
};

/// Divides the transactions of the former cluster.
[[nodiscard]] classification
classify(const std::vector<unseen_transactions>& frontiers);

/// The frontier that sees what `present` sees, but for the transactions
/// `unseen`, which `present` does see. `present` is a pg_snapshot.
[[nodiscard]] frontier without(const std::string& present,
                               const std::set<std::uint64_t>& unseen);

} // namespace pgtrickle
