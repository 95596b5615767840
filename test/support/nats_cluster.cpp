#include "test/support/nats_cluster.hpp"

#include <array>

namespace pgtrickle::test {

nats_cluster::nats_cluster() {
  std::array<std::string, 3> routes;
  std::string all;
  for (auto& route : routes) {
    route = "nats://127.0.0.1:" + std::to_string(free_port());
    all += (all.empty() ? "" : ",") + route;
  }
  for (const auto& route : routes)
    servers_.push_back(std::make_unique<private_nats>(
      jetstream::on,
      std::vector<std::string>{"--name", "n" + std::to_string(servers_.size()),
                               "--cluster_name", "alerts", "--cluster", route,
                               "--routes", all}));
}

std::string nats_cluster::urls() const {
  std::string all;
  for (const auto& server : servers_)
    all += (all.empty() ? "" : ",") + server->url();
  return all;
}

private_nats& nats_cluster::server(const std::string& name) {
  return *servers_.at(std::stoul(name.substr(1)));
}

private_nats& nats_cluster::other_than(const std::string& name) {
  return name == "n0" ? *servers_[1] : *servers_[0];
}

} // namespace pgtrickle::test
