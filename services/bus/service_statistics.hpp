#pragma once

#include "services/bus/subjects.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace pgtrickle::bus {

/// What came of the calls of one database since it is served.
struct endpoint_statistics {
  std::string subject;
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  /// Empty: there was none.
  std::string last_error = {};
  std::chrono::nanoseconds processing_time{0};
};

/// Counts calls by the database that they were for. Thread-safe.
class service_statistics {
public:
  /// From here on calls of `address` are taken.
  void serve(const database_address& address);
  void stop_serving(oid database);

  /// A call has ended after `took`; `error` is empty if it succeeded.
  void count(oid database, std::chrono::nanoseconds took,
             std::string_view error);

  [[nodiscard]] std::vector<endpoint_statistics> endpoints() const;

private:
  mutable std::mutex mutex_;
  std::map<oid, endpoint_statistics> by_database_;
};

} // namespace pgtrickle::bus
