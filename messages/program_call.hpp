#pragma once
// Calls of programs: not through the extension, but with a token.
//
//   request   pgtrickle.v1.<cluster>.<database>.call.<method>
//   cancel    pgtrickle.v1.<cluster>.<database>.cancel

#include "messages/calls.hpp"
#include "services/bus/connection.hpp"
#include "services/bus/token.hpp"
#include "services/coordination/call_ledger.hpp"

#include <optional>

namespace pgtrickle::wire {

/// A call whose token is sound; who its bearer is now, only the database knows.
struct program_call {
  bus::token proof;
  /// Its `by` has no role yet; an empty search_path leaves it to the role.
  call content;
  bus::database_time deadline;
  reply_format format = reply_format::json;
};

/// Whether it comes from a program: it shows a token, or says what it is.
[[nodiscard]] bool is_program_call(const bus::message& arrived);

/// How a program wants its replies.
[[nodiscard]] reply_format format_of(const bus::message& arrived);

/// Reads a call and proves its token. A call that changes something needs a
/// request id and the time at which it was issued, and is let in once by
/// `guard`. Errors: call_rejected, invalid_argument, query_too_large,
/// overloaded.
[[nodiscard]] result<program_call>
read_program_call(const bus::message& arrived,
                  const bus::database_address& address, std::string_view secret,
                  bus::replay_guard& guard, bus::database_time now);

/// The id, within the daemon, of the call that a program takes back.
/// Errors: call_rejected, invalid_argument.
[[nodiscard]] result<std::string>
read_program_cancel(const bus::message& arrived,
                    const bus::database_address& address,
                    std::string_view secret, bus::database_time now);

} // namespace pgtrickle::wire
