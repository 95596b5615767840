#include "services/bus/service_statistics.hpp"

namespace pgtrickle::bus {

void service_statistics::serve(const database_address& address) {
  const std::lock_guard guard{mutex_};
  by_database_.try_emplace(address.database,
                           endpoint_statistics{calls_subject(address)});
}

void service_statistics::stop_serving(oid database) {
  const std::lock_guard guard{mutex_};
  by_database_.erase(database);
}

void service_statistics::count(oid database, std::chrono::nanoseconds took,
                               std::string_view error) {
  const std::lock_guard guard{mutex_};
  const auto found = by_database_.find(database);
  if (found == by_database_.end())
    return;
  auto& endpoint = found->second;
  ++endpoint.requests;
  endpoint.processing_time += took;
  if (error.empty())
    return;
  ++endpoint.errors;
  endpoint.last_error = error;
}

std::vector<endpoint_statistics> service_statistics::endpoints() const {
  const std::lock_guard guard{mutex_};
  std::vector<endpoint_statistics> listed;
  for (const auto& [database, endpoint] : by_database_)
    listed.push_back(endpoint);
  return listed;
}

} // namespace pgtrickle::bus
