#include "messages/replies.hpp"

#include "messages/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pgtrickle::wire {

namespace {

using nlohmann::ordered_json;

/// For the headers of a reply.
constexpr std::size_t header_room = 4096;
/// A header is for a glance; the body has the whole text.
constexpr std::size_t max_header_text = 512;

struct code_of_state {
  /// What SQLSTATEs begin with.
  std::string_view prefix;
  int code;
};

/// The first that fits.
constexpr std::array<code_of_state, 16> codes{{
  {"28", 401},
  {"42501", 403},
  {"42P01", 404},
  {"42883", 404},
  {"42P07", 409},
  {"2BP01", 409},
  {"40", 409},
  {"55", 409},
  {"54", 413},
  {"53", 503},
  {"08", 503},
  {"57014", 504},
  {"57", 503},
  {"0A", 400},
  {"22", 400},
  {"42", 400},
}};

std::string glance(std::string_view text) {
  std::string line{text.substr(0, max_header_text)};
  std::ranges::replace_if(
    line, [](unsigned char c) { return c < ' '; }, ' ');
  return line;
}

std::string error_body(const failure& reason) {
  const ordered_json body{{"error",
                           {{"sqlstate", reason.state()},
                            {"message", reason.message},
                            {"detail", reason.detail},
                            {"hint", reason.hint}}}};
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

bus::headers result_headers(const call_ledger::entry& call) {
  bus::headers headers{{"Content-Type", "application/json"}};
  if (!call.notices.empty())
    headers.emplace_back(
      "Pgtrickle-Notice",
      glance(fmt::format("{}", fmt::join(call.notices, "; "))));
  return headers;
}

std::vector<outgoing> json_parts(const call_ledger::entry& call,
                                 std::string_view json, std::size_t max_bytes) {
  const auto size
    = max_bytes > 2 * header_room ? max_bytes - header_room : header_room;
  const auto count = std::max<std::size_t>(1, (json.size() + size - 1) / size);
  std::vector<outgoing> parts;
  for (std::size_t i = 0; i < count; ++i) {
    outgoing part{std::string{json.substr(i * size, size)},
                  result_headers(call)};
    if (count > 1)
      part.headers.emplace_back("Pgtrickle-Part",
                                fmt::format("{}/{}", i + 1, count));
    parts.push_back(std::move(part));
  }
  return parts;
}

} // namespace

int service_error_code(const failure& reason) {
  const auto found = std::ranges::find_if(codes, [&](const auto& one) {
    return reason.state().starts_with(one.prefix);
  });
  return found == codes.end() ? 500 : found->code;
}

std::optional<outgoing> alive_reply(reply_format format) {
  if (format == reply_format::json)
    return std::nullopt;
  return outgoing{encode_alive()};
}

std::optional<outgoing> notice_reply(reply_format format,
                                     std::string_view text) {
  if (format == reply_format::json)
    return std::nullopt;
  return outgoing{encode_notice(text)};
}

outgoing error_reply(reply_format format, const failure& reason) {
  if (format == reply_format::signed_call)
    return {encode_error(reason)};
  const auto is_json = format == reply_format::json;
  return {
    is_json ? error_body(reason) : encode_error(reason),
    {{"Nats-Service-Error", glance(reason.message)},
     {"Nats-Service-Error-Code", std::to_string(service_error_code(reason))},
     {"Content-Type", is_json ? "application/json" : "application/protobuf"}}};
}

std::vector<outgoing> result_replies(const call_ledger::entry& call,
                                     std::string_view json,
                                     std::size_t max_bytes) {
  if (call.format == reply_format::json)
    return json_parts(call, json, max_bytes);
  std::vector<outgoing> replies;
  for (auto& part : encode_result(json))
    replies.push_back({std::move(part)});
  return replies;
}

} // namespace pgtrickle::wire
