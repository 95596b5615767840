#include "messages/program_call.hpp"

#include "proto/call.pb.h"
#include "services/calls/call_methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>

namespace pgtrickle::wire {

namespace {

constexpr auto token_header = "Pgtrickle-Token";
constexpr auto request_id_header = "Pgtrickle-Request-Id";
constexpr auto issued_at_header = "Pgtrickle-Issued-At";
constexpr auto timeout_header = "Pgtrickle-Timeout";
constexpr auto search_path_header = "Pgtrickle-Search-Path";
constexpr std::size_t max_request_id = 64;
constexpr std::chrono::microseconds usual_timeout = std::chrono::seconds{30};
constexpr double most_seconds = 86'400.0;
/// Beyond it, microseconds since the epoch would not fit.
constexpr double latest_second = 9e12;

tl::unexpected<failure> wrong_header(const char* name, const char* expected) {
  return fail(errc::invalid_argument,
              fmt::format("header {} is not {}", name, expected),
              "docs/nats.md says what goes into the headers.");
}

/// A number of seconds, from 0 to `most`.
result<std::chrono::microseconds> seconds_in(const bus::message& arrived,
                                             const char* name, double most,
                                             const char* expected) {
  const auto text = bus::header_of(arrived, name).value_or("");
  double seconds = 0;
  const auto [end, error]
    = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()
      || !(seconds >= 0 && seconds <= most))
    return wrong_header(name, expected);
  return std::chrono::microseconds{std::llround(seconds * 1e6)};
}

/// Absent: the call has none.
result<std::optional<std::string>> request_id(const bus::message& arrived) {
  const auto id = bus::header_of(arrived, request_id_header);
  if (!id)
    return std::nullopt;
  const auto fits = [](unsigned char c) { return c > ' ' && c < 127; };
  if (id->empty() || id->size() > max_request_id
      || !std::ranges::all_of(*id, fits))
    return wrong_header(request_id_header,
                        "1 to 64 visible characters of ASCII");
  return std::string{*id};
}

/// Ids of one token's bearer never meet those of others.
std::string call_id(const bus::token& proof, const std::string& request) {
  return fmt::format("{}/{}", proof.id, request);
}

result<void> let_in(const bus::message& arrived, const call_method& method,
                    const std::optional<std::string>& request,
                    const program_call& asked, bus::replay_guard& guard,
                    bus::database_time now) {
  if (method.kind == method_kind::reads)
    return {};
  if (!request)
    return fail(errc::invalid_argument,
                fmt::format("a call of {} needs the headers {} and {}",
                            method.name, request_id_header, issued_at_header),
                "Give each call an id of its own: a call that is sent twice "
                "is carried out once.");
  return seconds_in(arrived, issued_at_header, latest_second,
                    "a time in seconds since 1970")
    .and_then([&](std::chrono::microseconds issued) {
      return guard.admit(asked.content.ticket.id, bus::database_time{issued},
                         now);
    });
}

result<std::string> arguments_of(const bus::message& arrived,
                                 reply_format format) {
  if (format == reply_format::json)
    return arrived.payload.empty() ? "{}" : arrived.payload;
  Call call;
  if (!call.ParseFromString(arrived.payload))
    return fail(errc::invalid_argument, "payload is not a Call in protobuf",
                "Send JSON, with Content-Type: application/json.");
  return call.arguments().empty() ? "{}" : call.arguments();
}

result<bus::token> proof_of(const bus::message& arrived,
                            const bus::database_address& address,
                            std::string_view secret, bus::database_time now) {
  const auto shown = bus::header_of(arrived, token_header);
  if (!shown)
    return fail(errc::call_rejected,
                fmt::format("call has no header {}", token_header),
                "Issue a token with pgtrickle.issue_token().");
  return bus::verify_token(*shown, secret, address, now);
}

result<void> read_time_limit(const bus::message& arrived, program_call& asked,
                             bus::database_time now) {
  asked.deadline = now + usual_timeout;
  if (!bus::header_of(arrived, timeout_header))
    return {};
  return seconds_in(arrived, timeout_header, most_seconds,
                    "a number of seconds up to 86400")
    .map(
      [&](std::chrono::microseconds limit) { asked.deadline = now + limit; });
}

result<void> read_content(const bus::message& arrived,
                          const call_method& method, program_call& asked) {
  auto arguments = arguments_of(arrived, asked.format);
  if (!arguments)
    return tl::unexpected(arguments.error());
  asked.content.method = method.name;
  asked.content.arguments = std::move(*arguments);
  asked.content.by.search_path
    = bus::header_of(arrived, search_path_header).value_or("");
  return check_arguments(method, asked.content.arguments);
}

/// Unique in this daemon: a call that reads may come any number of times.
std::string numbered_id() {
  static std::atomic<std::uint64_t> count = 0;
  // No request id begins with a blank.
  return fmt::format(" {}", ++count);
}

} // namespace

bool is_program_call(const bus::message& arrived) {
  return bus::header_of(arrived, token_header).has_value()
         || bus::header_of(arrived, "Content-Type").has_value();
}

reply_format format_of(const bus::message& arrived) {
  const auto type = bus::header_of(arrived, "Content-Type").value_or("");
  return type == "application/protobuf" || type == "application/x-protobuf"
           ? reply_format::protobuf
           : reply_format::json;
}

result<program_call> read_program_call(const bus::message& arrived,
                                       const bus::database_address& address,
                                       std::string_view secret,
                                       bus::replay_guard& guard,
                                       bus::database_time now) {
  auto proof = proof_of(arrived, address, secret, now);
  if (!proof)
    return tl::unexpected(proof.error());
  const auto name = bus::last_token(arrived.subject);
  const auto* method = find_call_method(name);
  if (method == nullptr) {
    return tl::unexpected(
      failure{errc::invalid_argument,
              fmt::format("\"{}\" is not a call to pgtrickled", name),
              {},
              "docs/nats.md has the calls.",
              "42883"});
  }
  auto request = request_id(arrived);
  if (!request)
    return tl::unexpected(request.error());
  program_call asked{std::move(*proof), {}, {}, format_of(arrived)};
  asked.content.ticket.id
    = call_id(asked.proof, *request ? **request : numbered_id());
  return read_content(arrived, *method, asked)
    .and_then([&] { return read_time_limit(arrived, asked, now); })
    .and_then(
      [&] { return let_in(arrived, *method, *request, asked, guard, now); })
    .map([&] { return std::move(asked); });
}

result<std::string> read_program_cancel(const bus::message& arrived,
                                        const bus::database_address& address,
                                        std::string_view secret,
                                        bus::database_time now) {
  const auto proof = proof_of(arrived, address, secret, now);
  if (!proof)
    return tl::unexpected(proof.error());
  return request_id(arrived).and_then(
    [&](const std::optional<std::string>& request) -> result<std::string> {
      if (!request)
        return fail(
          errc::invalid_argument,
          fmt::format("a cancel needs the header {}", request_id_header));
      return call_id(*proof, *request);
    });
}

} // namespace pgtrickle::wire
