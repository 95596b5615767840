#pragma once

#include "services/coordination/database_census.hpp"
#include "services/coordination/node_view.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace pgtrickle {

/// What the owner of a database says of it each second.
struct fleet_report {
  std::string node;
  database_report database;
  std::chrono::sys_time<std::chrono::microseconds> sent_at;
};

/// Every database that a node reports, by what its owner reported last.
///
/// Anyone may publish on an open bus. So only databases that this node has
/// found itself are kept, under the names that PostgreSQL gives them, and what
/// this node owns nobody else reports, save an owner with a later epoch.
class fleet_view {
public:
  using time_point = node_view::time_point;

  /// A report is current for so long.
  static constexpr std::chrono::seconds silent_after{5};

  struct row {
    fleet_report report;
    time_point heard_at;
    std::chrono::milliseconds age{};
    bool is_current = false;
  };

  /// The databases that there are; the others are forgotten.
  void know(const std::set<database_id>& databases);

  /// This node owns the database.
  void own(fleet_report report, time_point now);
  /// It no longer does: what it said last grows old.
  void let_go(oid database);

  /// Another node says that it does.
  void heard(fleet_report report, time_point now);

  /// Every database that was reported, as known at `now`, by oid.
  [[nodiscard]] std::vector<row> rows(time_point now) const;

private:
  struct entry {
    fleet_report report;
    time_point heard_at;
    bool is_own = false;
  };

  [[nodiscard]] static bool
  is_believed(const entry& known, const fleet_report& report, time_point now);
  void keep(fleet_report report, time_point now, bool is_own);

  std::map<oid, std::string> names_;
  std::map<oid, entry> entries_;
};

} // namespace pgtrickle
