#include "services/config/options.hpp"

#include "services/config/listen_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace pgtrickle::config {

namespace {

std::string text_of(const std::string& value) { return value; }
std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "true" : "false"; }

bool assign(std::string& member, const std::string& text) {
  member = text;
  return true;
}

bool assign(std::int64_t& member, const std::string& text) {
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, member);
  return error == std::errc{} && stop == end;
}

bool assign(bool& member, const std::string& text) {
  member = text == "true";
  return member || text == "false";
}

/// What a variable of the member's type must be.
template <class T>
constexpr auto expected_of = "Use a whole number.";
template <>
constexpr auto expected_of<bool> = "Use true or false.";

result<void> check_one_of(std::string_view name, const std::string& value,
                          std::span<const std::string_view> allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end())
    return {};
  return fail(errc::invalid_argument,
              fmt::format("option {} is \"{}\"", name, value),
              fmt::format("Use one of {}.", fmt::join(allowed, ", ")));
}

result<void> check_range(std::string_view name, std::int64_t value,
                         std::int64_t least, std::int64_t greatest) {
  if (value >= least && value <= greatest)
    return {};
  return fail(errc::invalid_argument,
              fmt::format("option {} is {}", name, value),
              fmt::format("Use a number from {} to {}.", least, greatest));
}

/// The name is a token of NATS subjects.
result<void> check_node(const std::string& node) {
  constexpr std::string_view allowed
    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  // More would be cut off where PostgreSQL shows its sessions.
  if (node.size() <= 32 && node.find_first_not_of(allowed) == std::string::npos)
    return {};
  return fail(errc::invalid_argument,
              fmt::format("option node is \"{}\"", node),
              "Use at most 32 letters, digits, - and _.");
}

result<void> check_http(const options& o) {
  if (o.http.empty())
    return {};
  const auto address = parse_listen_address(o.http);
  if (!address)
    return tl::unexpected(address.error());
  if (!is_loopback(*address) && o.http_users.empty() && !o.http_open)
    return fail(
      errc::invalid_argument,
      fmt::format("option http is \"{}\", which others can reach, and "
                  "anyone could ask",
                  o.http),
      "Name who may by http-users, or let anyone by http-open.");
  if (o.http_certificate.empty() != o.http_key.empty())
    return fail(errc::invalid_argument,
                "options http-certificate and http-key are not both set",
                "Name both files, or neither.");
  const auto& base = o.http_base_path;
  if (!base.empty() && (base.front() != '/' || base.back() == '/'))
    return fail(errc::invalid_argument,
                fmt::format("option http-base-path is \"{}\"", base),
                "Begin it with a slash, and don't end it with one.");
  return {};
}

} // namespace

std::span<const option_description> option_descriptions() {
  static const options defaults;
  static const std::vector<option_description> descriptions{
#define OPTION(type, member, name, value, environment, description)            \
  {name, text_of(defaults.member), environment, description},
#include "services/config/options.def"
  };
  return descriptions;
}

result<void> read_environment(options& o, const environment& env) {
#define OPTION(type, member, name, value, environment, description)            \
  if (const auto text = env(environment); text && !assign(o.member, *text))    \
    return fail(                                                               \
      errc::invalid_argument,                                                  \
      fmt::format("environment variable {} is \"{}\"", environment, *text),    \
      expected_of<type>);
#include "services/config/options.def"
  return {};
}

result<void> validate(const options& o) {
  constexpr std::array<std::string_view, 7> levels{
    "trace", "debug", "info", "warn", "error", "critical", "off"};
  constexpr std::array<std::string_view, 2> formats{"text", "json"};
  return check_one_of("log-level", o.log_level, levels)
    .and_then([&] { return check_one_of("log-format", o.log_format, formats); })
    .and_then([&] { return check_range("workers", o.workers, 0, 64); })
    .and_then([&] { return check_range("capacity", o.capacity, 1, 64); })
    .and_then([&] { return check_range("lease", o.lease, 2, 300); })
    .and_then([&] { return check_range("max-workers", o.max_workers, 0, 64); })
    .and_then([&] {
      return o.max_connections == 0
               ? result<void>{}
               : check_range("max-connections", o.max_connections, 4, 10'000);
    })
    .and_then([&] {
      return check_range("shutdown-deadline", o.shutdown_deadline, 0, 3600);
    })
    .and_then([&] { return check_node(o.node); })
    .and_then([&] { return check_http(o); });
}

} // namespace pgtrickle::config
