#include "services/config/options.hpp"

#include "services/config/listen_address.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace pgtrickle;
using namespace pgtrickle::config;

namespace {

environment variables(std::map<std::string, std::string> values) {
  return [values
          = std::move(values)](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  };
}

std::string complaint(const options& o) {
  const auto valid = validate(o);
  return valid ? "" : valid.error().message;
}

} // namespace

TEST_CASE("the options are valid as they are") {
  const options o;
  CHECK(validate(o));
  CHECK(o.http == "127.0.0.1:10027");
  CHECK(o.nats.empty());
  CHECK(o.workers == 0);
}

TEST_CASE("options are taken from the environment where it has them") {
  options o;
  CHECK(read_environment(o, variables({{"PGTRICKLE_NATS", "nats://bus:4222"},
                                       {"PGTRICKLE_WORKERS", "3"}})));
  CHECK(o.nats == "nats://bus:4222");
  CHECK(o.workers == 3);
  CHECK(o.log_level == "info");
}

TEST_CASE("an environment variable that is no number is refused") {
  options o;
  for (const auto* text : {"many", "3x", "", "99999999999999999999"}) {
    const auto read
      = read_environment(o, variables({{"PGTRICKLE_WORKERS", text}}));
    REQUIRE_MESSAGE(!read, text);
    CHECK(read.error().message
          == "environment variable PGTRICKLE_WORKERS is \"" + std::string{text}
               + "\"");
    CHECK(!read.error().hint.empty());
  }
}

TEST_CASE("an option with a wrong value is named") {
  options o;
  o.log_level = "loud";
  CHECK(complaint(o) == "option log-level is \"loud\"");
  o = {};
  o.log_format = "xml";
  CHECK(complaint(o) == "option log-format is \"xml\"");
  o = {};
  o.workers = 65;
  CHECK(complaint(o) == "option workers is 65");
  o = {};
  o.max_workers = -1;
  CHECK(complaint(o) == "option max-workers is -1");
  o = {};
  o.max_connections = 3;
  CHECK(complaint(o) == "option max-connections is 3");
  o = {};
  o.shutdown_deadline = -1;
  CHECK(complaint(o) == "option shutdown-deadline is -1");
  o = {};
  o.node = "a.b";
  CHECK(complaint(o) == "option node is \"a.b\"");
  o = {};
  o.http = "localhost";
  CHECK(complaint(o) == "malformed listen address \"localhost\"");
}

TEST_CASE("HTTP may be off") {
  options o;
  o.http = "";
  CHECK(validate(o));
}

TEST_CASE("an address that others reach needs users, or to be open to all") {
  options o;
  for (const auto* address : {"0.0.0.0:1", "[::]:1", "db.example:1"}) {
    o.http = address;
    CHECK(validate(o).error().code == errc::invalid_argument);
  }
  o.http_open = true;
  CHECK(validate(o));
  o.http_open = false;
  o.http_users = "users";
  CHECK(validate(o));
  for (const auto* address : {"localhost:1", "[::1]:1", "127.0.0.2:1"}) {
    options local;
    local.http = address;
    CHECK(validate(local));
  }
}

TEST_CASE("a certificate needs its key, and a base path its slash") {
  options o;
  o.http_key = "key.pem";
  CHECK(!validate(o));
  o.http_certificate = "certificate.pem";
  CHECK(validate(o));
  for (const auto* base : {"/", "base", "/base/"}) {
    o.http_base_path = base;
    CHECK(!validate(o));
  }
  o.http_base_path = "/base";
  CHECK(validate(o));
}

TEST_CASE("a listen address is a host and a port") {
  CHECK(parse_listen_address("127.0.0.1:10027")
        == listen_address{"127.0.0.1", 10027});
  CHECK(parse_listen_address("[::1]:0") == listen_address{"::1", 0});
}

TEST_CASE("what is no listen address is refused") {
  for (const auto* text : {"", ":80", "host", "host:", "host:65536", "host:-1",
                           "host:80x", "::1:80", "[]:80"}) {
    const auto address = parse_listen_address(text);
    REQUIRE_MESSAGE(!address, text);
    CHECK(address.error().code == errc::invalid_argument);
  }
}

TEST_CASE("every option is described by a sentence") {
  CHECK(option_descriptions().size() == 22);
  for (const auto& o : option_descriptions()) {
    CAPTURE(o.name);
    CHECK(o.description.ends_with('.'));
    CHECK(o.environment.starts_with("PGTRICKLE_"));
  }
}
