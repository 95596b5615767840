#pragma once
// Outcomes of calls, as messages of the bus.

#include "services/bus/connection.hpp"
#include "services/coordination/call_ledger.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::wire {

/// What goes to a caller's inbox.
struct outgoing {
  std::string payload;
  bus::headers headers = {};
};

/// That the daemon is at work. Absent: this caller waits for one message only.
[[nodiscard]] std::optional<outgoing> alive_reply(reply_format format);

/// Absent: the notice goes with the result.
[[nodiscard]] std::optional<outgoing> notice_reply(reply_format format,
                                                   std::string_view text);

/// With the headers Nats-Service-Error and Nats-Service-Error-Code.
[[nodiscard]] outgoing error_reply(reply_format format, const failure& reason);

/// The result in as many messages of at most `max_bytes` as it needs, in order.
[[nodiscard]] std::vector<outgoing>
result_replies(const call_ledger::entry& call, std::string_view json,
               std::size_t max_bytes);

/// The number that stands for a failure in Nats-Service-Error-Code: HTTP's.
[[nodiscard]] int service_error_code(const failure& reason);

} // namespace pgtrickle::wire
