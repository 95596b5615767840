#pragma once

#include "test/support/private_nats.hpp"

#include <memory>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// Three nats-servers with JetStream that make one cluster, called n0 to n2.
class nats_cluster {
public:
  nats_cluster();

  /// Of all, separated by commas.
  [[nodiscard]] std::string urls() const;
  [[nodiscard]] private_nats& server(const std::string& name);
  /// One that is not of this name.
  [[nodiscard]] private_nats& other_than(const std::string& name);

private:
  std::vector<std::unique_ptr<private_nats>> servers_;
};

} // namespace pgtrickle::test
