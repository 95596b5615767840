#include "services/http/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
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

bool write(mg_connection* connection, const std::string& bytes) {
  return bytes.empty() || mg_write(connection, bytes.data(), bytes.size()) > 0;
}

/// The length of what goes on is not known: it ends with the connection.
bool write(mg_connection* connection, const response& answer, bool with_body) {
  std::string extra;
  if (!answer.next_chunk)
    extra += fmt::format("Content-Length: {}\r\n", answer.body.size());
  for (const auto& [name, value] : answer.headers)
    extra += fmt::format("{}: {}\r\n", name, value);
  return write(connection, fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n"
                                       "Cache-Control: no-store\r\n"
                                       "X-Content-Type-Options: nosniff\r\n{}"
                                       "Connection: close\r\n\r\n",
                                       answer.status, reason_of(answer.status),
                                       answer.content_type, extra))
         && (!with_body || write(connection, answer.body));
}

request request_of(const mg_request_info& info) {
  request asked;
  asked.method = info.request_method;
  asked.path = info.local_uri;
  if (info.query_string != nullptr)
    asked.query = info.query_string;
  for (int i = 0; i < info.num_headers; ++i) {
    std::string name = info.http_headers[i].name;
    std::ranges::transform(name, name.begin(), [](unsigned char c) {
      return static_cast<char>(std::tolower(c));
    });
    asked.headers.emplace(std::move(name), info.http_headers[i].value);
  }
  return asked;
}

const page* page_for(const std::map<std::string, page>& pages,
                     const std::string& path) {
  if (const auto found = pages.find(path); found != pages.end())
    return &found->second;
  for (const auto& [pattern, answers] : pages)
    if (pattern.ends_with("/*")
        && path.starts_with(pattern.substr(0, pattern.size() - 1)))
      return &answers;
  return nullptr;
}

} // namespace

struct server::state {
  server_options options;
  mg_context* context = nullptr;
  std::mutex mutex;
  // what CivetWeb said last: the reason when it does not start
  std::string last_message;
  std::atomic<bool> is_stopping = false;

  ~state() {
    if (context == nullptr)
      return;
    is_stopping = true;
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
    const auto asked = request_of(*info);
    const bool is_head = asked.method == "HEAD";
    const auto* found = page_for(self.options.pages, asked.path);
    if (found == nullptr)
      write(connection, response{404, "not found\n"}, !is_head);
    else if (!is_head && asked.method != "GET")
      write(connection,
            response{405,
                     "method not allowed\n",
                     "text/plain; charset=utf-8",
                     {{"Allow", "GET, HEAD"}}},
            true);
    else
      self.answer_with(connection, (*found)(asked), !is_head);
    return 1;
  }

  void answer_with(mg_connection* connection, const response& answer,
                   bool with_body) const {
    if (!write(connection, answer, with_body) || !with_body)
      return;
    while (answer.next_chunk && !is_stopping) {
      const auto more = answer.next_chunk();
      if (!more || !write(connection, *more))
        return;
    }
  }
};

result<server> server::start(server_options options) {
  auto self = std::make_shared<state>();
  self->options = std::move(options);
  const std::array<const char*, 15> settings{"listening_ports",
                                             self->options.listen.c_str(),
                                             "num_threads",
                                             "16",
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
