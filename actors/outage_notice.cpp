#include "actors/outage_notice.hpp"

#include "services/core/alerts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pgtrickle {

bus::announcement outage_notice(const bus::database_address& address,
                                const lost_database& lost) {
  const std::string event{to_string(alert::database_unreachable)};
  const nlohmann::json payload{{"event", event},
                               {"database", lost.name},
                               {"node", lost.node},
                               {"epoch", lost.epoch},
                               {"error", lost.error}};
  return {
    bus::alert_subject(address, event),
    payload.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
    fmt::format("{}-{}-unreachable-{}", address.cluster, address.database,
                lost.epoch)};
}

} // namespace pgtrickle
