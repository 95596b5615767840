#include "actors/http_endpoint.hpp"

#include "actors/dashboard_reader.hpp"
#include "actors/metrics_pages.hpp"
#include "services/config/listen_address.hpp"
#include "services/dashboard/actions.hpp"

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

/// What the dashboard lets those do who sign in.
void add_actions(http::server_options& serving, const config::options& options,
                 const daemon_context& context) {
  dashboard::acting how;
  how.visitors = std::make_shared<dashboard::sign_ins>(
    [conninfo = context.postgres.conninfo](const auto& who) {
      return postgres::open_as(conninfo, who);
    });
  how.is_encrypted = !options.http_certificate.empty();
  how.is_private = how.is_encrypted
                   || config::parse_listen_address(options.http)
                        .map(config::is_loopback)
                        .value_or(false);
  how.recorded
    = [](const std::string& line) { spdlog::info("dashboard: {}", line); };
  dashboard::add_actions(serving.pages, serving.actions, std::move(how));
}

} // namespace

result<std::optional<http::server>> start_http(const config::options& options,
                                               const daemon_context& context) {
  using server_or_none = std::optional<http::server>;
  if (options.http.empty())
    return server_or_none{};
  auto serving = serving_of(options, context);
  add_metrics_pages(serving.pages, context);
  dashboard::add_pages(serving.pages, context.board, context.statements,
                       dashboard_sessions(context));
  add_actions(serving, options, context);
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
