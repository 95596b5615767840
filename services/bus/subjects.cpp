#include "services/bus/subjects.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

namespace pgtrickle::bus {

namespace {

constexpr std::string_view prefix = "pgtrickle.v1.";

std::string subject_of(const database_address& address, std::string_view rest) {
  return fmt::format("{}{}.{}.{}", prefix, address.cluster, address.database,
                     rest);
}

} // namespace

std::string calls_subject(const database_address& address) {
  return subject_of(address, "call.*");
}

std::string cancel_subject(const database_address& address) {
  return subject_of(address, "cancel");
}

std::string alert_subject(const database_address& address,
                          std::string_view event) {
  return subject_of(address, "alert." + token_of(event));
}

std::string report_subject(const database_address& address) {
  return subject_of(address, "report");
}

std::string reports_subject(std::string_view cluster) {
  return fmt::format("{}{}.*.report", prefix, token_of(cluster));
}

std::string every_alert_subject() {
  return fmt::format("{}*.*.alert.>", prefix);
}

std::string heartbeat_subject(std::string_view cluster, std::string_view node) {
  return fmt::format("{}{}.node.{}.heartbeat", prefix, token_of(cluster),
                     token_of(node));
}

std::string heartbeats_subject(std::string_view cluster) {
  return fmt::format("{}{}.node.*.heartbeat", prefix, token_of(cluster));
}

bool is_inbox(std::string_view subject) {
  return subject.starts_with("_INBOX.") || subject.starts_with("_R_.");
}

std::string token_of(std::string_view text) {
  std::string token;
  for (const unsigned char c : text)
    token += std::isalnum(c) != 0 || c == '-' || c == '_' ? static_cast<char>(c)
                                                          : '_';
  return token.empty() ? "_" : token;
}

std::optional<database_address> address_of(std::string_view subject) {
  if (!subject.starts_with(prefix))
    return std::nullopt;
  subject.remove_prefix(prefix.size());
  const auto cluster_end = subject.find('.');
  if (cluster_end == std::string_view::npos)
    return std::nullopt;
  database_address address{std::string{subject.substr(0, cluster_end)}, 0};
  subject.remove_prefix(cluster_end + 1);
  const auto digits = subject.substr(0, subject.find('.'));
  const auto [end, error] = std::from_chars(
    digits.data(), digits.data() + digits.size(), address.database);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return address;
}

std::string_view last_token(std::string_view subject) {
  return subject.substr(subject.rfind('.') + 1);
}

} // namespace pgtrickle::bus
