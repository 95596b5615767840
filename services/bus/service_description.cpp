#include "services/bus/service_description.hpp"

#include <date/date.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <random>

namespace pgtrickle::bus {

namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> verbs{"PING", "INFO", "STATS"};
constexpr auto endpoint_name = "call";
constexpr auto description
  = "Keeps stream tables of PostgreSQL databases up to date.";

ordered_json standard_fields(std::string_view type,
                             const service_description& service) {
  return {{"type", fmt::format("io.nats.micro.v1.{}_response", type)},
          {"name", service_name},
          {"id", service.id},
          {"version", service.version},
          {"metadata", {{"cluster", service.cluster}, {"node", service.node}}}};
}

/// Whoever owns a database takes its calls: they are not shared out by a queue
/// group.
ordered_json endpoint(const endpoint_statistics& of) {
  return {
    {"name", endpoint_name}, {"subject", of.subject}, {"queue_group", ""}};
}

ordered_json info(const service_description& service,
                  const std::vector<endpoint_statistics>& endpoints) {
  auto answer = standard_fields("info", service);
  answer["description"] = description;
  answer["endpoints"] = ordered_json::array();
  for (const auto& one : endpoints) {
    auto shown = endpoint(one);
    shown["metadata"] = ordered_json::object();
    answer["endpoints"].push_back(std::move(shown));
  }
  return answer;
}

ordered_json stats(const service_description& service,
                   const std::vector<endpoint_statistics>& endpoints) {
  auto answer = standard_fields("stats", service);
  answer["started"] = date::format(
    "%FT%TZ",
    std::chrono::time_point_cast<std::chrono::microseconds>(service.started));
  answer["endpoints"] = ordered_json::array();
  for (const auto& one : endpoints) {
    auto shown = endpoint(one);
    const auto total = one.processing_time.count();
    shown["num_requests"] = one.requests;
    shown["num_errors"] = one.errors;
    shown["last_error"] = one.last_error;
    shown["processing_time"] = total;
    shown["average_processing_time"]
      = one.requests == 0 ? 0 : total / static_cast<std::int64_t>(one.requests);
    answer["endpoints"].push_back(std::move(shown));
  }
  return answer;
}

} // namespace

std::vector<std::string> service_subjects(std::string_view id) {
  std::vector<std::string> subjects;
  for (const auto verb : verbs) {
    subjects.push_back(fmt::format("$SRV.{}", verb));
    subjects.push_back(fmt::format("$SRV.{}.{}", verb, service_name));
    subjects.push_back(fmt::format("$SRV.{}.{}.{}", verb, service_name, id));
  }
  return subjects;
}

std::optional<std::string>
service_answer(std::string_view subject, const service_description& service,
               const std::vector<endpoint_statistics>& endpoints) {
  constexpr std::string_view prefix = "$SRV.";
  if (!subject.starts_with(prefix))
    return std::nullopt;
  subject.remove_prefix(prefix.size());
  const auto verb = subject.substr(0, subject.find('.'));
  ordered_json answer;
  if (verb == "PING")
    answer = standard_fields("ping", service);
  else if (verb == "INFO")
    answer = info(service, endpoints);
  else if (verb == "STATS")
    answer = stats(service, endpoints);
  else
    return std::nullopt;
  return answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string random_service_id() {
  constexpr std::string_view digits
    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device device;
  std::uniform_int_distribution<std::size_t> any{0, digits.size() - 1};
  std::string id;
  for (int i = 0; i < 22; ++i)
    id += digits[any(device)];
  return id;
}

} // namespace pgtrickle::bus
