#pragma once
// Messages <-> protobuf. Nothing else includes the generated code.

#include "messages/calls.hpp"
#include "services/bus/authentication.hpp"
#include "services/coordination/fleet_view.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::wire {

/// A result's part stays well below NATS's 1 MiB.
inline constexpr std::size_t max_part_bytes = 512 * 1024;

/// A call as it arrived: nothing in it is proven yet.
struct signed_call {
  call content;
  bus::database_time issued_at;
  bus::database_time deadline;
  std::string signed_bytes;
  std::string signature;
};

/// Absent: not a call at all.
[[nodiscard]] std::optional<signed_call>
decode_signed_call(std::string_view payload);

/// Checks that `asked` was signed under `secret`, was asked on the subject of
/// its own method, is young and new, and that its time is not over.
/// Errors: call_rejected, taking_over, deadline_exceeded, overloaded.
[[nodiscard]] result<void> verify(const signed_call& asked,
                                  std::string_view secret,
                                  std::string_view method_of_subject,
                                  bus::replay_guard& guard,
                                  bus::database_time now);

[[nodiscard]] std::string encode_alive();
[[nodiscard]] std::string encode_notice(std::string_view text);
[[nodiscard]] std::string encode_error(const failure& reason);

/// The result in parts, in order; always at least one.
[[nodiscard]] std::vector<std::string> encode_result(std::string_view json);

[[nodiscard]] std::string encode_heartbeat(const node_report& report);
[[nodiscard]] std::optional<node_report>
decode_heartbeat(std::string_view payload);

[[nodiscard]] std::string encode_report(const fleet_report& report);
/// Absent: no report, or one that is larger than any daemon's.
[[nodiscard]] std::optional<fleet_report>
decode_report(std::string_view payload);

} // namespace pgtrickle::wire
