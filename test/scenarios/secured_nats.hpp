#pragma once

#include "test/support/child_process.hpp"
#include "test/support/nats_client.hpp"
#include "test/support/private_directory.hpp"

#include <optional>
#include <string>

namespace pgtrickle::test {

/// A nats-server that runs with deploy/nats/nats-server.conf.
class secured_nats {
public:
  /// With the certificate <name>.pem of `certificates`.
  secured_nats(const std::filesystem::path& certificates,
               const std::string& name);

  /// How `user` gets in.
  [[nodiscard]] std::string url(const std::string& user) const;
  [[nodiscard]] const std::string& authorities() const { return authorities_; }

  /// A client with the inbox prefix that is meant for `user`.
  [[nodiscard]] nats_client client(const std::string& user) const;

  [[nodiscard]] bool may_publish(const std::string& user,
                                 const std::string& subject) const;
  [[nodiscard]] bool may_subscribe(const std::string& user,
                                   const std::string& subject) const;

private:
  private_directory dir_;
  std::uint16_t port_ = free_port();
  std::string authorities_;
  std::optional<child_process> server_;
};

} // namespace pgtrickle::test
