#include "test/scenarios/program.hpp"

#include <stdexcept>

namespace pgtrickle::test {

program::program() {
  const auto address = s.admin.run("SELECT system_identifier || '.' || oid FROM"
                                   " pg_control_system(), pg_database"
                                   " WHERE datname = current_database()");
  prefix_ = "pgtrickle.v1." + address.value() + ".";
}

std::string program::token(const std::string& ttl) {
  return s.db
    .run("SELECT pgtrickle.issue_token('alice', " + s.db.literal(ttl) + ")")
    .value();
}

program::headers program::once() {
  static int count = 0;
  return {
    {"Pgtrickle-Request-Id", "call-" + std::to_string(++count)},
    {"Pgtrickle-Issued-At",
     s.admin.run("SELECT extract(epoch FROM clock_timestamp())").value()}};
}

nats_message program::call(const std::string& method,
                           const std::string& arguments, headers more) {
  more.emplace("Pgtrickle-Token", shown);
  more.emplace("Pgtrickle-Search-Path", s.schema);
  more.emplace("Content-Type", "application/json");
  auto answer = bus.request(subject("call." + method), arguments, more, 30s);
  if (!answer)
    throw std::runtime_error("no answer to " + method);
  return std::move(*answer);
}

std::string program::subject(const std::string& rest) const {
  return prefix_ + rest;
}

std::string code_of(const nats_message& answer) {
  const auto found = answer.headers.find("Nats-Service-Error-Code");
  return found == answer.headers.end() ? "" : found->second;
}

std::string sqlstate_of(const nats_message& answer) {
  const auto body = nlohmann::json::parse(answer.payload, nullptr, false);
  if (!body.is_object() || !body.contains("error"))
    return "";
  return body["error"]["sqlstate"].get<std::string>();
}

} // namespace pgtrickle::test
