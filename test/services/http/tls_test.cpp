#include "services/http/server.hpp"
#include "test/support/certificates.hpp"
#include "test/support/private_directory.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

using namespace pgtrickle;

namespace {

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{
    ::popen(command.c_str(), "r"), &::pclose};
  REQUIRE(pipe);
  std::string output;
  std::array<char, 4096> buffer{};
  while (const auto size
         = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    output.append(buffer.data(), size);
  return output;
}

struct fixture {
  fixture() {
    test::make_certificate(dir.path(), "http", "IP:127.0.0.1");
    // openssl passwd -6 -salt salt secret
    std::ofstream(dir.path() / "users")
      << "scraper:$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/"
         "XWR5E33QPd0YmHXoDHOIDR6kL5D3JcQcz0O8FHE00\n";
    options.listen = fmt::format("127.0.0.1:{}", port);
    options.certificate = dir.path() / "http.pem";
    options.key = dir.path() / "http.key";
    options.users = dir.path() / "users";
    options.pages["/large"] = [](const auto&) {
      return http::response{200, std::string(3'000'000, 'x') + "end"};
    };
  }

  [[nodiscard]] std::string ask(const std::string& more_headers) const {
    return output_of(
      fmt::format(R"(printf 'GET /large HTTP/1.1\r\nHost: localhost\r\n{}\r\n')"
                  " | openssl s_client -quiet -verify_return_error -CAfile {}"
                  " -connect 127.0.0.1:{} 2>/dev/null",
                  more_headers, (dir.path() / "http-ca.pem").string(), port));
  }

  test::private_directory dir;
  std::uint16_t port = test::free_port();
  http::server_options options;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "over TLS whoever shows a password gets it all") {
  const auto server = http::server::start(options);
  REQUIRE_MESSAGE(server, server.error().message);
  const auto got = ask(R"(Authorization: Basic c2NyYXBlcjpzZWNyZXQ=\r\n)");
  CHECK(got.starts_with("HTTP/1.1 200 "));
  CHECK(got.size() > 3'000'000);
  CHECK(got.ends_with("xend"));
  const auto refused = ask("");
  CHECK(refused.starts_with("HTTP/1.1 401 "));
  CHECK(refused.find("WWW-Authenticate: Basic ") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture,
                  "a certificate that is none keeps it from starting") {
  options.key = options.users;
  const auto server = http::server::start(options);
  REQUIRE(!server);
  CHECK(server.error().code == errc::invalid_argument);
  CHECK(server.error().message.find("http.pem") != std::string::npos);
}
