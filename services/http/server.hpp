#pragma once

#include "services/core/result.hpp"
#include "services/http/message.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pgtrickle::http {

/// The errors of a server, by the names that the release gives them.
struct metrics_server_error {
  static constexpr auto port_in_use = errc::port_in_use;
  static constexpr auto timeout = errc::timeout;
};

struct server_options {
  /// `address:port`.
  std::string listen = "127.0.0.1:10027";
  /// For GET and HEAD, by path; one that ends in `/*` answers for all below it.
  std::map<std::string, page> pages = {};
  /// For POST, by path.
  std::map<std::string, page> actions = {};
  /// Files in PEM; both empty: nothing is encrypted.
  std::string certificate = {};
  std::string key = {};
  /// A file of lines `name:hash`; empty: anyone may ask.
  std::string users = {};
  /// Stands before every path; empty, or begins with a slash.
  std::string base_path = {};
  /// Hosts that requests may name, besides this one's own loopback names. On
  /// loopback no others are answered.
  std::vector<std::string> hosts = {};
  /// More than those who are slow: whoever is pushed out may be one who has
  /// just connected.
  std::size_t max_connections = 600;
  /// How long an answer may take; asked for each request.
  std::function<std::chrono::milliseconds()> handler_timeout
    = [] { return std::chrono::milliseconds{5000}; };
  /// An answer took longer: errc::timeout, of which the client is told by 503.
  std::function<void()> timed_out = [] {};
  std::function<void(int status)> answered = [](int) {};
};

/// Answers a fixed set of paths, within narrow limits: a request of 8 KiB and a
/// body of 64 KiB within 5 seconds, one a connection.
class server {
public:
  /// Errors: port_in_use (with who holds it, if that can be seen),
  /// invalid_argument (address, certificate or file of users).
  [[nodiscard]] static result<server> start(server_options options);

private:
  struct state;
  explicit server(std::shared_ptr<state> s) : state_(std::move(s)) {}

  std::shared_ptr<state> state_;
};

} // namespace pgtrickle::http
