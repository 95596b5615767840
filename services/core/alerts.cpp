#include "services/core/alerts.hpp"

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

std::string_view to_string(alert event) {
  return descriptions[static_cast<std::size_t>(event)].name;
}

} // namespace pgtrickle
