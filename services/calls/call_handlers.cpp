#include "services/calls/call_handlers.hpp"

#include <fmt/format.h>

namespace pgtrickle {

failure unknown_method(const std::string& method) {
  return {errc::invalid_argument,
          fmt::format("{} is not a call this daemon knows", method),
          {},
          "Compare pgtrickle.version() with pgtrickled --version."};
}

} // namespace pgtrickle
