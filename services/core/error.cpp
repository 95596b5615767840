#include "services/core/error.hpp"

#include <cstddef>

namespace pgtrickle {

namespace {

constexpr error_description descriptions[] = {
#define ERROR_CODE(name, sqlstate, what_next, meaning, remedy)                 \
  {errc::name, #name, sqlstate, reaction::what_next, meaning, remedy},
#include "services/core/errors.def"
};

const error_description& description_of(errc code) {
  return descriptions[static_cast<std::size_t>(code) - 1];
}

} // namespace

std::span<const error_description> error_descriptions() { return descriptions; }

reaction reaction_to(errc code) { return description_of(code).what_next; }

std::string_view to_string(errc code) { return description_of(code).name; }

std::string_view to_string(reaction what_next) {
  switch (what_next) {
    case reaction::reject:
      return "reject";
    case reaction::rebuild:
      return "rebuild";
    case reaction::retry:
      return "retry";
    case reaction::halt:
      return "halt";
  }
  return "halt";
}

std::string_view sqlstate_of(errc code) {
  return description_of(code).sqlstate;
}

} // namespace pgtrickle
