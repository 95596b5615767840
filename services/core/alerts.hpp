#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle {

/// What operators are told of.
enum class alert : std::uint8_t {
#define ALERT(event, when, remedy, keys) event,
#include "services/core/alerts.def"
};

struct alert_description {
  alert event;
  std::string_view name;
  std::string_view when;
  std::string_view remedy;
  /// Of the payload, separated by commas; `event` is one more.
  std::string_view keys;
};

struct alert_key {
  std::string name;
  bool is_optional = false;
};

/// The keys of its payload, but for `event`.
[[nodiscard]] std::vector<alert_key> keys_of(const alert_description& alert);

/// Every alert, in the order of its declaration.
[[nodiscard]] std::span<const alert_description> alert_descriptions();

[[nodiscard]] std::string_view to_string(alert event);

} // namespace pgtrickle
