#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/log_throttle.hpp"
#include "services/dashboard/pages.hpp"
#include "services/dashboard/status.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>

namespace pgtrickle {

/// Reads what the dashboard shows while somebody looks at it.
class dashboard_reader_state {
public:
  static constexpr const char* name = "dashboard";

  explicit dashboard_reader_state(dashboard_reader_actor::pointer self)
    : self_(self) {}

  dashboard_reader_actor::behavior_type make_behavior(context_ptr context,
                                                      cluster_actor cluster);

private:
  void look();
  void ask(std::vector<std::string> methods);
  void read_databases();
  [[nodiscard]] dashboard::database_reading read(const std::string& database);
  void end_look();

  dashboard_reader_actor::pointer self_;
  context_ptr context_;
  cluster_actor cluster_;
  bool is_reading_ = false;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point next_look_;
  std::map<std::string, nlohmann::json> answers_;
  std::map<std::string, postgres::session> sessions_;
  log_throttle failures_{std::chrono::minutes{1}};
};

dashboard_reader_actor::behavior_type dashboard_reader(
  dashboard_reader_actor::stateful_pointer<dashboard_reader_state> self,
  context_ptr context, cluster_actor cluster);

/// How the dashboard looks into a database.
[[nodiscard]] dashboard::session_opener
dashboard_sessions(const daemon_context& context);

} // namespace pgtrickle
