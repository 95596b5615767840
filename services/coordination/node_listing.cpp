#include "services/coordination/node_listing.hpp"

#include <date/date.h>
#include <nlohmann/json.hpp>

namespace pgtrickle {

namespace {

using nlohmann::json;

json to_object(const database_report& database) {
  return {{"oid", database.id},
          {"name", database.name},
          {"owner_epoch", database.owner_epoch},
          {"stream_tables", database.stream_tables},
          {"workers_active", database.workers_active},
          {"workers_queued", database.workers_queued},
          {"quota", database.quota}};
}

json to_object(const node_view::node& node) {
  auto databases = json::array();
  for (const auto& database : node.report.databases)
    databases.push_back(to_object(database));
  return {{"node", node.report.node},
          {"version", node.report.version},
          {"state", node.is_up ? "up" : "down"},
          {"started_at", date::format("%FT%TZ", node.report.started_at)},
          {"last_heartbeat", date::format("%FT%TZ", node.report.sent_at)},
          {"databases", std::move(databases)}};
}

} // namespace

std::string to_json(const std::vector<node_view::node>& nodes) {
  auto listing = json::array();
  for (const auto& node : nodes)
    listing.push_back(to_object(node));
  return listing.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace pgtrickle
