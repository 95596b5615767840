#include "actors/exit_reasons.hpp"

#include <caf/message.hpp>

#include <algorithm>

namespace pgtrickle {

caf::error exit_reason_of(const failure& reason) {
  return caf::make_error(reason.code, reason.message);
}

std::string in_one_line(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string describe(const caf::error& reason) {
  if (!reason)
    return "normally";
  if (reason.context().match_elements<std::string>())
    return in_one_line(reason.context().get_as<std::string>(0));
  return caf::to_string(reason);
}

} // namespace pgtrickle
