#pragma once

#include "actors/daemon_context.hpp"
#include "services/http/message.hpp"

#include <map>
#include <string>

namespace pgtrickle {

/// `/metrics`, `/metrics/cluster`, `/-/healthy` and `/-/ready`.
void add_metrics_pages(std::map<std::string, http::page>& pages,
                       const daemon_context& context);

} // namespace pgtrickle
