#include "services/calls/call_handlers.hpp"

#include <fmt/format.h>

namespace pgtrickle {

result<call_effect> dispatch(const call_handlers& handlers,
                             postgres::session& db, const caller& by,
                             const std::string& method,
                             const std::string& arguments, ownership fence) {
  const auto found = handlers.find(method);
  if (found == handlers.end())
    return fail(errc::invalid_argument,
                fmt::format("{} is not a call this daemon knows", method),
                "Compare pgtrickle.version() with pgtrickled --version.");
  call_context c{db, by, call_arguments{arguments}, fence};
  return found->second(c);
}

std::vector<std::string> methods_of(const call_handlers& handlers) {
  std::vector<std::string> methods;
  for (const auto& [method, handle] : handlers)
    methods.emplace_back(method);
  return methods;
}

} // namespace pgtrickle
