#pragma once

#include "services/core/result.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgtrickle::http {

struct request {
  std::string method;
  /// Decoded, without the query.
  std::string path;
  /// What follows the question mark, as it was sent.
  std::string query = {};
  /// By their names in lower case.
  std::multimap<std::string, std::string> headers = {};
};

/// What a page answers to GET; HEAD gets the same without the body.
struct response {
  int status = 200;
  std::string body = {};
  std::string content_type = "text/plain; charset=utf-8";
  /// Beyond those that every answer has.
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// Goes on after the body, on the connection's thread, until it returns
  /// nothing, the client goes or the server stops. It blocks for a second at
  /// most, and may return an empty piece.
  std::function<std::optional<std::string>()> next_chunk = {};
};

/// Called on the server's threads.
using page = std::function<response(const request&)>;

struct server_options {
  /// `address:port`.
  std::string listen = "127.0.0.1:10027";
  /// By path. One that ends in `/*` answers for all below it.
  std::map<std::string, page> pages = {};
};

/// Answers GET and HEAD on a fixed set of paths, within narrow limits.
class server {
public:
  /// Errors: wrong_state (the address is taken), invalid_argument.
  [[nodiscard]] static result<server> start(server_options options);

private:
  struct state;
  explicit server(std::shared_ptr<state> s) : state_(std::move(s)) {}

  std::shared_ptr<state> state_;
};

} // namespace pgtrickle::http
