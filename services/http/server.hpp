#pragma once

#include "services/core/result.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace pgtrickle::http {

/// What a page answers to GET; HEAD gets the same without the body.
struct response {
  int status = 200;
  std::string body = {};
  std::string content_type = "text/plain; charset=utf-8";
};

/// Called on the server's threads.
using page = std::function<response()>;

struct server_options {
  /// `address:port`.
  std::string listen = "127.0.0.1:10027";
  /// By path.
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
