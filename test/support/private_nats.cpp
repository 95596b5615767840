#include "test/support/private_nats.hpp"

#include "test/support/eventually.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <stdexcept>
#include <unistd.h>

namespace pgtrickle::test {

namespace {

bool accepts_connections(std::uint16_t port) {
  const auto fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto connected
    = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

} // namespace

private_nats::private_nats(jetstream streams, std::vector<std::string> options)
  : options_(std::move(options)) {
  start(streams);
}

private_nats::~private_nats() { stop(); }

std::string private_nats::url() const {
  return "nats://127.0.0.1:" + std::to_string(port_);
}

void private_nats::stop() {
  if (!server_)
    return;
  server_->signal(SIGKILL);
  server_->wait();
  server_.reset();
}

void private_nats::start(jetstream streams) {
  const auto log = dir_.path() / "log";
  std::vector<std::string> command{"nats-server", "--addr", "127.0.0.1",
                                   "--port", std::to_string(port_)};
  if (streams == jetstream::on)
    command.insert(command.end(),
                   {"--jetstream", "--store_dir", dir_.path() / "jetstream"});
  command.insert(command.end(), options_.begin(), options_.end());
  server_.emplace(command, log, SIGKILL);
  const auto started = eventually(
    30s, [&] { return accepts_connections(port_) || !server_->running(); });
  if (!started || !server_->running())
    throw std::runtime_error("nats-server did not start on port "
                             + std::to_string(port_));
}

} // namespace pgtrickle::test
