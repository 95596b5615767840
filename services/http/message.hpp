#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgtrickle::http {

struct request {
  std::string method;
  /// Decoded; begins with a slash.
  std::string path;
  /// What follows the question mark, as it was sent.
  std::string query;
  /// Names in lower case.
  std::multimap<std::string, std::string> headers;
  std::string body = {};

  /// The values of a header, joined by commas; empty: it was not sent.
  [[nodiscard]] std::string header(const std::string& name) const {
    std::string joined;
    const auto [first, last] = headers.equal_range(name);
    for (auto it = first; it != last; ++it)
      joined += (joined.empty() ? "" : ",") + it->second;
    return joined;
  }
};

struct response {
  int status = 200;
  std::string body = {};
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// For server-sent events: what comes after the body, piece by piece, until
  /// there is none. It is called on the connection's thread, may wait for a
  /// second, and then returns an empty piece. The server stops calling it when
  /// the client goes or the server stops.
  std::function<std::optional<std::string>()> next_chunk = {};
};

/// Called on the server's threads.
using page = std::function<response(const request&)>;

} // namespace pgtrickle::http
