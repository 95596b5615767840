#pragma once
// How a call finds what carries it out.

#include "services/calls/call_arguments.hpp"
#include "services/calls/call_effect.hpp"
#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle {

/// A call that is being carried out.
struct call_context {
  postgres::session& db;
  const caller& by;
  call_arguments arguments;
  ownership fence;
};

/// By the method's name.
template <class Context>
using call_handlers_for
  = std::map<std::string_view, result<call_effect> (*)(Context&)>;
using call_handlers = call_handlers_for<call_context>;

/// The error of a call to a method that there is not.
[[nodiscard]] failure unknown_method(const std::string& method);

/// Has `method` carried out. Errors: the handler's, and invalid_argument.
template <class Context>
[[nodiscard]] result<call_effect>
dispatch(const call_handlers_for<Context>& handlers, Context& context,
         const std::string& method) {
  const auto found = handlers.find(method);
  if (found == handlers.end())
    return tl::unexpected(unknown_method(method));
  return found->second(context);
}

template <class Context>
[[nodiscard]] std::vector<std::string>
methods_of(const call_handlers_for<Context>& handlers) {
  std::vector<std::string> methods;
  for (const auto& [method, handle] : handlers)
    methods.emplace_back(method);
  return methods;
}

} // namespace pgtrickle
