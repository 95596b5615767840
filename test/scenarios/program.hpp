#pragma once

#include "test/scenarios/installation.hpp"
#include "test/support/nats_client.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace pgtrickle::test {

/// A program that calls over NATS with a token for the role alice, and the
/// schema in which she works.
class program {
public:
  using headers = std::map<std::string, std::string>;

  program();

  /// A token for alice.
  [[nodiscard]] std::string token(const std::string& ttl = "1 hour");

  /// What a call that changes something needs.
  [[nodiscard]] headers once();

  /// Calls with the token and the search_path of the schema, and waits for the
  /// answer.
  [[nodiscard]] nats_message call(const std::string& method,
                                  const std::string& arguments,
                                  headers more = {});

  /// `….<rest>` of database app.
  [[nodiscard]] std::string subject(const std::string& rest) const;

  scenario s;
  nats_client bus{s.all.nats.url()};
  /// What is sent along with each call.
  std::string shown = token();

private:
  std::string prefix_;
};

/// The number in the header Nats-Service-Error-Code; "": the call succeeded.
[[nodiscard]] std::string code_of(const nats_message& answer);

/// The SQLSTATE of an error's body.
[[nodiscard]] std::string sqlstate_of(const nats_message& answer);

} // namespace pgtrickle::test
