#include "services/http/server.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <civetweb.h>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <thread>

namespace pgtrickle::http {

namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

void write(mg_connection* connection, const response& answer, bool with_body,
           std::string_view extra_header = {}) {
  const auto head = fmt::format(
    "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{}"
    "Connection: close\r\n\r\n",
    answer.status, reason_of(answer.status), answer.content_type,
    answer.body.size(), extra_header);
  mg_write(connection, head.data(), head.size());
  if (with_body)
    mg_write(connection, answer.body.data(), answer.body.size());
}

} // namespace

struct server::state {
  server_options options;
  mg_context* context = nullptr;
  std::mutex mutex;
  // what CivetWeb said last: the reason when it does not start
  std::string last_message;

  ~state() {
    if (context == nullptr)
      return;
    // CivetWeb looks for its end only every two seconds, or when someone
    // connects.
    std::thread visitor{[this] { visit(); }};
    mg_stop(context);
    visitor.join();
  }

  void visit() const {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    const auto colon = options.listen.rfind(':');
    const auto host = options.listen.substr(0, colon);
    const auto port = std::atoi(options.listen.c_str() + colon + 1);
    std::array<char, 128> error{};
    if (auto* connection
        = mg_connect_client(host.c_str(), port, 0, error.data(), error.size()))
      mg_close_connection(connection);
  }

  static int log_message(const mg_connection* connection,
                         const char* text) noexcept {
    const auto* context = mg_get_context(connection);
    if (auto* self = static_cast<state*>(mg_get_user_data(context))) {
      const std::lock_guard guard{self->mutex};
      self->last_message = text;
    }
    return 1;
  }

  static int answer(mg_connection* connection) noexcept {
    const auto* info = mg_get_request_info(connection);
    const auto& self = *static_cast<const state*>(info->user_data);
    const std::string_view method = info->request_method;
    const bool is_head = method == "HEAD";
    const auto found = self.options.pages.find(info->local_uri);
    if (found == self.options.pages.end())
      write(connection, {404, "not found\n"}, !is_head);
    else if (!is_head && method != "GET")
      write(connection, {405, "method not allowed\n"}, true,
            "Allow: GET, HEAD\r\n");
    else
      write(connection, found->second(), !is_head);
    return 1;
  }
};

result<server> server::start(server_options options) {
  auto self = std::make_shared<state>();
  self->options = std::move(options);
  const std::array<const char*, 15> settings{"listening_ports",
                                             self->options.listen.c_str(),
                                             "num_threads",
                                             "4",
                                             "connection_queue",
                                             "16",
                                             "listen_backlog",
                                             "32",
                                             "request_timeout_ms",
                                             "5000",
                                             "max_request_size",
                                             "8192",
                                             "enable_keep_alive",
                                             "no",
                                             nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = state::answer;
  callbacks.log_message = state::log_message;
  mg_init_library(0);
  self->context = mg_start(&callbacks, self.get(),
                           const_cast<const char**>(settings.data()));
  if (self->context == nullptr)
    return fail(errc::wrong_state,
                fmt::format("http: cannot listen on {}: {}",
                            self->options.listen, self->last_message),
                "Free the address, or choose another with --http.");
  return server{std::move(self)};
}

} // namespace pgtrickle::http
