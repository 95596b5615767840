#include "services/bus/private_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <poll.h>
#include <thread>
#include <unistd.h>

namespace pgtrickle::bus {

namespace {

constexpr std::chrono::seconds start_timeout{10};
constexpr std::chrono::milliseconds probe_interval{20};
constexpr int probe_timeout_ms = 500;

/// What stands at the other end of a loopback port.
enum class occupant : std::uint8_t { none, nats_server, other };

occupant probe(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return occupant::none;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto found = occupant::none;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address))
      == 0) {
    found = occupant::other;
    pollfd readable{fd, POLLIN, 0};
    char greeting[5] = {};
    if (::poll(&readable, 1, probe_timeout_ms) == 1
        && ::recv(fd, greeting, 4, MSG_DONTWAIT) == 4
        && std::string_view{greeting} == "INFO")
      found = occupant::nats_server;
  }
  ::close(fd);
  return found;
}

result<void> check_port_is_free(int port) {
  switch (probe(port)) {
    case occupant::none:
      return {};
    case occupant::nats_server:
      return fail(
        errc::wrong_state,
        fmt::format("a nats-server listens on 127.0.0.1:{} already", port),
        fmt::format("Use it with --nats=nats://127.0.0.1:{}.", port));
    case occupant::other:
      return fail(errc::wrong_state,
                  fmt::format("port {} of 127.0.0.1 is taken", port),
                  "Free the port, or name a nats-server with --nats.");
  }
  return {};
}

} // namespace

struct private_server::state {
  private_server_options options;
  std::string url;
  pid_t child = -1;

  ~state() { stop(); }

  void stop() {
    if (child <= 0)
      return;
    ::kill(child, SIGTERM);
    ::waitpid(child, nullptr, 0);
    child = -1;
  }

  std::filesystem::path config_file() const {
    return options.directory / "nats-server.conf";
  }

  result<void> write_config() const {
    std::error_code error;
    std::filesystem::create_directories(options.directory, error);
    std::ofstream file{config_file()};
    file << fmt::format("listen: \"127.0.0.1:{}\"\n"
                        "log_file: \"{}\"\n"
                        "logfile_size_limit: 1MB\n"
                        "jetstream {{\n"
                        "  store_dir: \"{}\"\n"
                        "  max_memory_store: 64MB\n"
                        "  max_file_store: 1GB\n"
                        "}}\n",
                        options.port,
                        (options.directory / "nats-server.log").string(),
                        (options.directory / "streams").string());
    if (error || !file.flush())
      return fail(
        errc::wrong_state,
        fmt::format("cannot write {}", config_file().string()),
        "Let the daemon write there, or name a nats-server with --nats.");
    return {};
  }

  [[noreturn]] void become_server(pid_t parent) const {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent)
      ::_exit(1);
    // The daemon blocks signals for its threads; its child must not inherit it.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // A Ctrl-C in the terminal is for the daemon, which stops the server last.
    ::setpgid(0, 0);
    ::execlp(options.program.c_str(), options.program.c_str(), "-c",
             config_file().c_str(), nullptr);
    ::_exit(127);
  }

  result<void> launch() {
    const auto parent = ::getpid();
    child = ::fork();
    if (child == 0)
      become_server(parent);
    if (child < 0)
      return fail(errc::wrong_state, "cannot start nats-server");
    return wait_until_it_answers();
  }

  result<void> wait_until_it_answers() {
    const auto deadline = std::chrono::steady_clock::now() + start_timeout;
    while (std::chrono::steady_clock::now() < deadline) {
      if (probe(options.port) == occupant::nats_server)
        return {};
      if (::waitpid(child, nullptr, WNOHANG) == child) {
        child = -1;
        return fail(
          errc::wrong_state, "the private nats-server did not start",
          fmt::format("Install nats-server, or see {}.",
                      (options.directory / "nats-server.log").string()));
      }
      std::this_thread::sleep_for(probe_interval);
    }
    return fail(errc::wrong_state, "the private nats-server does not answer");
  }
};

result<private_server>
private_server::start(const private_server_options& options) {
  auto self = std::make_shared<state>();
  self->options = options;
  self->url = fmt::format("nats://127.0.0.1:{}", options.port);
  return check_port_is_free(options.port)
    .and_then([&] { return self->write_config(); })
    .and_then([&] { return self->launch(); })
    .map([&] { return private_server{self}; });
}

const std::string& private_server::url() const { return state_->url; }

result<bool> private_server::revive() {
  if (state_->child > 0 && ::waitpid(state_->child, nullptr, WNOHANG) == 0)
    return false;
  state_->child = -1;
  return state_->launch().map([] { return true; });
}

} // namespace pgtrickle::bus
