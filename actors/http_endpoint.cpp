#include "actors/http_endpoint.hpp"

#include "actors/dashboard_reader.hpp"
#include "actors/metrics_pages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

namespace {

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < list.size();) {
    const auto end = std::min(list.find(',', at), list.size());
    if (end > at)
      names.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

http::server_options serving_of(const config::options& options,
                                const daemon_context& context) {
  http::server_options serving;
  serving.listen = options.http;
  serving.certificate = options.http_certificate;
  serving.key = options.http_key;
  serving.users = options.http_users;
  serving.base_path = options.http_base_path;
  serving.hosts = names_in(options.http_hosts);
  serving.handler_timeout = [limit = context.metrics_request_timeout_ms] {
    const std::chrono::milliseconds set{*limit};
    return set.count() == 0 ? std::chrono::hours{24} : set;
  };
  serving.timed_out = [metrics = context.metrics] {
    metrics->http_timed_out();
    spdlog::warn("http: an answer took longer than "
                 "pg_trickle.metrics_request_timeout_ms allows");
  };
  serving.answered = [metrics = context.metrics](int status) {
    metrics->http_answered(status);
  };
  return serving;
}

} // namespace

result<std::optional<http::server>> start_http(const config::options& options,
                                               const daemon_context& context) {
  using server_or_none = std::optional<http::server>;
  if (options.http.empty())
    return server_or_none{};
  auto serving = serving_of(options, context);
  add_metrics_pages(serving.pages, context);
  dashboard::add_pages(serving.pages, context.board,
                       dashboard_sessions(context));
  auto server = http::server::start(std::move(serving));
  if (server)
    return server_or_none{std::move(*server)};
  if (options.http_required)
    return tl::unexpected(std::move(server.error()));
  spdlog::error("{} ({}); HTTP is not answered. {}", server.error().message,
                to_string(server.error().code), server.error().hint);
  return server_or_none{};
}

} // namespace pgtrickle
