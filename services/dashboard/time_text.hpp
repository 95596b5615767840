#pragma once

#include <date/date.h>

#include <chrono>
#include <string>

namespace pgtrickle::dashboard {

/// As JSON has times: ISO 8601, in milliseconds.
template <class Duration>
std::string time_text(std::chrono::sys_time<Duration> when) {
  return date::format("%FT%TZ",
                      std::chrono::floor<std::chrono::milliseconds>(when));
}

} // namespace pgtrickle::dashboard
