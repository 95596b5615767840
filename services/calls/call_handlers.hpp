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
using call_handlers
  = std::map<std::string_view, result<call_effect> (*)(call_context&)>;

/// Has `method` carried out. Errors: the handler's, and invalid_argument.
[[nodiscard]] result<call_effect>
dispatch(const call_handlers& handlers, postgres::session& db, const caller& by,
         const std::string& method, const std::string& arguments,
         ownership fence);

[[nodiscard]] std::vector<std::string>
methods_of(const call_handlers& handlers);

} // namespace pgtrickle
