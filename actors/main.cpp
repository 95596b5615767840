#include "actors/daemon_options.hpp"
#include "actors/exit_reasons.hpp"
#include "actors/http_endpoint.hpp"
#include "actors/logging.hpp"
#include "actors/node.hpp"
#include "actors/service_manager.hpp"
#include "services/bus/private_server.hpp"
#include "services/calls/call_methods.hpp"
#include "services/config/redaction.hpp"
#include "services/coordination/log_throttle.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <unistd.h>

namespace pgtrickle {

namespace {

/// Beyond the shutdown's deadline, for cancelled work to come to its end.
constexpr int farewell_seconds = 5;

void print(const failure& reason) {
  std::cerr << "pgtrickled: " << reason.message << '\n';
  if (!reason.hint.empty())
    std::cerr << "HINT: " << reason.hint << '\n';
}

/// Signals are waited for in one place; threads started later inherit this.
sigset_t block_signals() {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD})
    sigaddset(&awaited, signal);
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return awaited;
}

std::string default_node_name() {
  // So that the whole has at most 32 characters.
  char host[19] = {};
  gethostname(host, sizeof(host) - 1);
  return fmt::format("{}-{}-{:04x}", bus::token_of(host), getpid(),
                     std::random_device{}() & 0xffffU);
}

std::filesystem::path state_directory() {
  // systemd's StateDirectory=
  if (const auto* given = std::getenv("STATE_DIRECTORY"))
    return given;
  const auto* home = std::getenv("HOME");
  if (geteuid() == 0 || home == nullptr)
    return "/var/lib/pgtrickle";
  return std::filesystem::path{home} / ".local/state/pgtrickle";
}

result<std::shared_ptr<bus::channel>>
connect(const config::options& options, const std::string& url,
        const std::shared_ptr<metrics::node_metrics>& metrics) {
  bus::connection_options link;
  link.url = url;
  link.credentials_file = options.nats_credentials;
  link.authorities_file = options.nats_ca;
  link.on_first_failure = [](const std::string& reason) {
    spdlog::warn("NATS can't be reached, and is tried again: {}", reason);
  };
  link.on_link_change = [metrics](bool up) {
    metrics->nats_connected(up);
    if (up)
      spdlog::info("NATS is connected");
    else
      spdlog::warn("NATS is not connected");
  };
  auto connected = bus::connect(std::move(link));
  if (connected)
    metrics->nats_connected((*connected)->is_up());
  return connected;
}

/// Why work waits is logged now and then, however much of it waits.
std::shared_ptr<postgres::connection_gate>
connections_of(const config::options& options) {
  auto throttle = std::make_shared<log_throttle>(std::chrono::seconds{10});
  return std::make_shared<postgres::connection_gate>(
    static_cast<std::size_t>(options.max_connections),
    [throttle](const std::string& reason) {
      if (const auto times
          = throttle->occurred(std::chrono::steady_clock::now()))
        spdlog::warn("work waits for a connection ({} times): {}", *times,
                     in_one_line(reason));
    });
}

std::shared_ptr<daemon_context>
context_of(const config::options& options,
           std::shared_ptr<metrics::node_metrics> metrics,
           std::shared_ptr<bus::channel> bus) {
  auto context = std::make_shared<daemon_context>();
  context->node = options.node.empty() ? default_node_name() : options.node;
  context->version = PGTRICKLE_VERSION;
  context->started_at = std::chrono::system_clock::now();
  context->postgres.conninfo = options.postgres;
  context->bus = std::move(bus);
  context->metrics = std::move(metrics);
  context->workers = options.workers;
  context->capacity = options.capacity;
  context->drains = options.drain;
  context->lease = std::chrono::seconds{options.lease};
  context->max_workers = options.max_workers;
  context->connections = connections_of(options);
  context->shutdown_deadline = std::chrono::seconds{options.shutdown_deadline};
  return context;
}

/// The configuration may have changed since the start; what a running daemon
/// can take over of it is the log.
void reload(int argc, char** argv, const node_actor& running) {
  daemon_options options;
  if (const auto read = options.read(argc, argv))
    set_up_log(options.chosen);
  else
    spdlog::error("configuration is left as it was: {}", read.error().message);
  spdlog::info("reloading");
  caf::anon_send(running, reload_requested{});
}

/// Returns at the signal that ends the daemon.
void wait_for_the_end(const sigset_t& awaited, int argc, char** argv,
                      const node_actor& running,
                      std::optional<bus::private_server>& server) {
  for (int signal = 0; sigwait(&awaited, &signal) == 0;) {
    if (signal == SIGTERM || signal == SIGINT)
      return;
    if (signal == SIGHUP)
      reload(argc, argv, running);
    else if (server)
      if (const auto revived = server->revive(); !revived)
        spdlog::error(revived.error().message);
  }
}

void shut_down(const node_actor& running, const config::options& options) {
  spdlog::info("shutting down");
  // What does not end in time is cut off: PostgreSQL rolls it back.
  std::signal(SIGALRM, [](int) { _exit(EXIT_FAILURE); });
  alarm(static_cast<unsigned>(options.shutdown_deadline) + farewell_seconds);
  caf::anon_send_exit(running, caf::exit_reason::user_shutdown);
}

/// The methods of every call that a daemon answers.
std::vector<std::string> call_methods() {
  std::vector<std::string> methods;
  for (const auto& method : all_call_methods())
    methods.emplace_back(method.name);
  return methods;
}

result<int> run(daemon_options& options, const sigset_t& awaited, int argc,
                char** argv) {
  const auto& chosen = options.chosen;
  std::optional<bus::private_server> server;
  auto url = chosen.nats;
  if (url.empty()) {
    auto started = bus::private_server::start({state_directory() / "nats"});
    if (!started)
      return tl::unexpected(started.error());
    url = started->url();
    server = std::move(*started);
  }
  auto metrics = std::make_shared<metrics::node_metrics>(
    std::make_shared<prometheus::Registry>(), call_methods(),
    PGTRICKLE_VERSION);
  auto bus = connect(chosen, url, metrics);
  if (!bus)
    return tl::unexpected(bus.error());
  const auto context = context_of(chosen, metrics, std::move(*bus));
  const auto endpoint = start_http(chosen, *context);
  if (!endpoint)
    return tl::unexpected(endpoint.error());
  spdlog::info("pgtrickled {} starts as node {}, NATS {}, PostgreSQL {}",
               PGTRICKLE_VERSION, context->node, config::redacted(url),
               config::redacted(chosen.postgres));
  std::atomic<bool> node_ended = false;
  bool failed = false;
  {
    caf::actor_system system{options};
    const auto running = system.spawn(node, context_ptr{context});
    // A node that ends by itself ends the daemon: something starts it again,
    // unless it has handed over what it owned.
    running->attach_functor([&node_ended] {
      node_ended = true;
      kill(getpid(), SIGTERM);
    });
    tell_service_manager("READY=1");
    wait_for_the_end(awaited, argc, argv, running, server);
    tell_service_manager("STOPPING=1");
    failed = node_ended && !*context->is_drained;
    context->connections->close();
    shut_down(running, chosen);
  }
  spdlog::info("ended");
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace

} // namespace pgtrickle

int main(int argc, char** argv) {
  using namespace pgtrickle;
  const auto awaited = block_signals();
  // Garbage from the bus is counted, not reported by protobuf.
  google::protobuf::SetLogHandler(nullptr);
  daemon_options options;
  if (const auto read = options.read(argc, argv); !read) {
    print(read.error());
    return 2;
  }
  if (options.cli_helptext_printed)
    return EXIT_SUCCESS;
  if (options.wants_version) {
    std::cout << "pgtrickled " << PGTRICKLE_VERSION << '\n';
    return EXIT_SUCCESS;
  }
  set_up_log(options.chosen);
  const auto ended = run(options, awaited, argc, argv);
  if (!ended)
    print(ended.error());
  return ended.value_or(EXIT_FAILURE);
}
