#include "services/core/alerts.hpp"

#include <algorithm>
#include <cstddef>

namespace pgtrickle {

namespace {

constexpr alert_description descriptions[] = {
#define ALERT(event, when, remedy, keys)                                       \
  {alert::event, #event, when, remedy, keys},
#include "services/core/alerts.def"
};

} // namespace

std::span<const alert_description> alert_descriptions() { return descriptions; }

std::vector<alert_key> keys_of(const alert_description& alert) {
  std::vector<alert_key> keys;
  for (auto rest = alert.keys; !rest.empty();) {
    auto key = rest.substr(0, rest.find(", "));
    rest.remove_prefix(std::min(rest.size(), key.size() + 2));
    const bool is_optional = key.ends_with('?');
    if (is_optional)
      key.remove_suffix(1);
    keys.push_back({std::string{key}, is_optional});
  }
  return keys;
}

std::string_view to_string(alert event) {
  return descriptions[static_cast<std::size_t>(event)].name;
}

} // namespace pgtrickle
