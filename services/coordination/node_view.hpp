#pragma once

#include "services/coordination/database_figures.hpp"
#include "services/core/ids.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pgtrickle {

/// A database as its owner reports it.
struct database_report {
  oid id = 0;
  std::string name;
  std::int64_t owner_epoch = 0;
  std::uint32_t stream_tables = 0;
  std::uint32_t workers_active = 0;
  std::uint32_t workers_queued = 0;
  /// Workers that it gets before any is lent.
  std::uint32_t quota = 0;
  /// Refreshes have waited too long for workers.
  bool falling_behind = false;
  database_figures figures = {};

  bool operator==(const database_report&) const = default;
};

/// What a node says of itself each second.
struct node_report {
  std::string node;
  std::string version;
  std::chrono::sys_time<std::chrono::microseconds> started_at;
  std::chrono::sys_time<std::chrono::microseconds> sent_at;
  std::vector<database_report> databases;
};

/// The nodes of the cluster, by what each reported last.
class node_view {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A node that was silent for so long is down.
  static constexpr std::chrono::seconds down_after{5};
  /// A node that was silent for so long is forgotten.
  static constexpr std::chrono::minutes forgotten_after{10};
  /// Anyone may publish on an open bus: what is kept of it has a bound.
  static constexpr std::size_t max_nodes = 256;

  struct node {
    node_report report;
    time_point heard_at;
    bool is_up = false;
  };

  void heard(node_report report, time_point now);

  /// Every node known at `now`, by name.
  [[nodiscard]] std::vector<node> nodes(time_point now);

private:
  void forget_silent(time_point now);

  std::map<std::string, node> nodes_;
};

} // namespace pgtrickle
