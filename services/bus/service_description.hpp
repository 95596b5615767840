#pragma once
// What a node answers to who asks NATS for services (ADR-32).

#include "services/bus/service_statistics.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::bus {

/// One node as a service.
struct service_description {
  /// Unique for each start of a node: letters and digits.
  std::string id;
  /// By the rules of semver.org.
  std::string version;
  /// PostgreSQL's system identifier.
  std::string cluster;
  std::string node;
  std::chrono::system_clock::time_point started;
};

/// The name that all nodes share.
inline constexpr std::string_view service_name = "pgtrickle";

/// The subjects on which a service is asked: all services, those of its name,
/// itself; for each verb.
[[nodiscard]] std::vector<std::string> service_subjects(std::string_view id);

/// The answer, as JSON, to what was asked on one of these subjects. Absent: it
/// is none of them.
[[nodiscard]] std::optional<std::string>
service_answer(std::string_view subject, const service_description& service,
               const std::vector<endpoint_statistics>& endpoints);

/// What can be a service's id, and nobody else's.
[[nodiscard]] std::string random_service_id();

} // namespace pgtrickle::bus
