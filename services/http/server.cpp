#include "services/http/server.hpp"

#include "services/http/event_loop.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace pgtrickle::http {

namespace {

/// What to call a server on loopback: whoever names another host was led here.
std::vector<std::string> loopback_and(std::vector<std::string> hosts) {
  for (const auto* name : {"localhost", "127.0.0.1", "[::1]"})
    hosts.emplace_back(name);
  return hosts;
}

result<std::shared_ptr<tls_identity>>
identity_of(const server_options& options) {
  if (options.certificate.empty() && options.key.empty())
    return nullptr;
  return tls_identity::read(options.certificate, options.key);
}

result<std::shared_ptr<credentials>> users_of(const server_options& options) {
  if (options.users.empty())
    return nullptr;
  return credentials::read(options.users);
}

/// Each takes a descriptor, beside those that the process has for other things.
void make_room_for(std::size_t connections) {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0)
    return;
  const auto spare = descriptors.rlim_max - descriptors.rlim_cur;
  descriptors.rlim_cur += std::min<rlim_t>(spare, connections);
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

} // namespace

struct server::state {
  state(listener listening, router routes, loop_options options)
    : loop(std::move(listening), std::move(routes), std::move(options)) {}

  ~state() {
    loop.stop();
    thread.join();
  }

  event_loop loop;
  std::thread thread{[this] { loop.run(); }};
};

result<server> server::start(server_options options) {
  auto identity = identity_of(options);
  if (!identity)
    return tl::unexpected(std::move(identity.error()));
  auto users = users_of(options);
  if (!users)
    return tl::unexpected(std::move(users.error()));
  auto listening = listener::open(options.listen);
  if (!listening)
    return tl::unexpected(std::move(listening.error()));
  make_room_for(options.max_connections);
  const auto is_loopback = listening->is_loopback();
  router routes{std::move(options.pages), std::move(options.actions),
                options.base_path,
                is_loopback ? loopback_and(options.hosts) : options.hosts,
                std::move(*users)};
  loop_options serving{std::move(*identity), options.max_connections,
                       std::move(options.handler_timeout),
                       std::move(options.timed_out),
                       std::move(options.answered)};
  return server{std::make_shared<state>(std::move(*listening),
                                        std::move(routes), std::move(serving))};
}

} // namespace pgtrickle::http
