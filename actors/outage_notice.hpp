#pragma once

#include "services/bus/connection.hpp"
#include "services/bus/subjects.hpp"

#include <cstdint>
#include <string>

namespace pgtrickle {

struct lost_database {
  /// Under which it was owned.
  std::int64_t epoch = 0;
  std::string node;
  std::string name;
  std::string error;
};

/// The alert database_unreachable. Its id follows from the epoch: whoever tells
/// of it again tells the same.
[[nodiscard]] bus::announcement
outage_notice(const bus::database_address& address, const lost_database& lost);

} // namespace pgtrickle
