#pragma once

#include "services/plans/plans.hpp"
#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace pgtrickle::test {

/// Refreshes that a stream table is said to have had, evenly, until now.
struct synthetic_past {
  int refreshes = 40;
  double every_seconds = 60;
  double ms = 20;
  double changes = 100;
};

/// A stream table `kept` over `item`, and the planner's work by function calls.
struct plan_database : stream_database {
  plan_database();

  /// Writes history rows of `kept`, and says that its data are `age_seconds`
  /// old.
  void write_history(const synthetic_past& past, double age_seconds = 0);

  /// Plans `kept` and returns what is recommended.
  nlohmann::json recommended();

  /// Alerts of `kept` with that event.
  int alerts(const std::string& event);
  nlohmann::json last_alert(const std::string& event);

  std::string text(const std::string& query);

  stream_table_id kept{};
  plans::planning_options options;
};

} // namespace pgtrickle::test
