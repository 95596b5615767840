#include "test/scenarios/secured_nats.hpp"

#include "test/support/contents.hpp"
#include "test/support/eventually.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace pgtrickle::test {

namespace {

bool was_permitted(nats_client& client) {
  client.flush();
  const char* text = nullptr;
  return natsConnection_GetLastError(client.raw(), &text) != NATS_NOT_PERMITTED;
}

} // namespace

secured_nats::secured_nats(const std::filesystem::path& certificates,
                           const std::string& name)
  : authorities_(certificates / (name + "-ca.pem")) {
  setenv("NATS_TLS_CERT", (certificates / (name + ".pem")).c_str(), 1);
  setenv("NATS_TLS_KEY", (certificates / (name + ".key")).c_str(), 1);
  setenv("NATS_STORE", (dir_.path() / "store").c_str(), 1);
  for (const auto* user : {"DAEMON", "EXTENSION", "PROGRAM", "MONITOR"})
    setenv(("NATS_" + std::string{user} + "_PASSWORD").c_str(), "secret", 1);
  const auto log = dir_.path() / "log";
  server_.emplace(
    std::vector<std::string>{"nats-server", "-c", NATS_CONFIGURATION, "--addr",
                             "127.0.0.1", "--port", std::to_string(port_)},
    log, SIGKILL);
  const auto is_ready = [&] {
    return contents(log).find("Server is ready") != std::string::npos;
  };
  if (!eventually(20s, [&] { return is_ready() || !server_->running(); })
      || !server_->running())
    throw std::runtime_error("nats-server did not start: " + contents(log));
}

std::string secured_nats::url(const std::string& user) const {
  return "tls://" + user + ":secret@127.0.0.1:" + std::to_string(port_);
}

nats_client secured_nats::client(const std::string& user) const {
  return nats_client{url(user), authorities_, "_INBOX." + user};
}

bool secured_nats::may_publish(const std::string& user,
                               const std::string& subject) const {
  auto one = client(user);
  one.publish(subject, "");
  return was_permitted(one);
}

bool secured_nats::may_subscribe(const std::string& user,
                                 const std::string& subject) const {
  auto one = client(user);
  const auto listening = one.subscribe(subject);
  return was_permitted(one);
}

} // namespace pgtrickle::test
