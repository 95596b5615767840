#include "actors/exit_reasons.hpp"

#include <caf/message.hpp>

namespace pgtrickle {

caf::error exit_reason_of(const failure& reason) {
  return caf::make_error(reason.code, reason.message);
}

std::string describe(const caf::error& reason) {
  if (!reason)
    return "normally";
  if (reason.context().match_elements<std::string>())
    return reason.context().get_as<std::string>(0);
  return caf::to_string(reason);
}

} // namespace pgtrickle
