#include "services/http/server.hpp"

#include "test/support/private_directory.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <unistd.h>

using namespace pgtrickle;

namespace {

/// Sends `request` as it is, and returns all that comes back.
std::string answer_to(std::uint16_t port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address))
    == 0);
  static_cast<void>(::send(fd, request.data(), request.size(), MSG_NOSIGNAL));
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(fd);
  return answer;
}

struct fixture {
  std::uint16_t port = test::free_port();
  result<http::server> server
    = http::server::start({fmt::format("127.0.0.1:{}", port),
                           {{"/-/healthy",
                             [] {
                               return http::response{200, "healthy\n"};
                             }},
                            {"/-/ready", [] {
                               return http::response{503, "no\n"};
                             }}}});

  std::string ask(const std::string& method, const std::string& path) {
    return answer_to(
      port, fmt::format("{} {} HTTP/1.1\r\nHost: x\r\n\r\n", method, path));
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a page is answered, and to HEAD without its body") {
  const auto got = ask("GET", "/-/healthy");
  CHECK(got.starts_with("HTTP/1.1 200 "));
  CHECK(got.ends_with("\r\n\r\nhealthy\n"));
  const auto head = ask("HEAD", "/-/healthy");
  CHECK(head.starts_with("HTTP/1.1 200 "));
  CHECK(head.find("Content-Length: 8\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(ask("GET", "/-/ready").starts_with("HTTP/1.1 503 "));
}

TEST_CASE_FIXTURE(fixture, "other methods and paths are refused") {
  CHECK(ask("POST", "/-/healthy").starts_with("HTTP/1.1 405 "));
  CHECK(ask("POST", "/-/healthy").find("Allow: GET, HEAD")
        != std::string::npos);
  CHECK(ask("GET", "/etc/passwd").starts_with("HTTP/1.1 404 "));
  CHECK(ask("GET", "/-/healthy/../../etc").starts_with("HTTP/1.1 404 "));
}

TEST_CASE_FIXTURE(fixture, "an oversized or senseless request does no harm") {
  static_cast<void>(answer_to(port, "\x01\x02 garbage\r\n\r\n"));
  static_cast<void>(answer_to(
    port, "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"));
  CHECK(ask("GET", "/-/healthy").starts_with("HTTP/1.1 200 "));
}

TEST_CASE_FIXTURE(fixture, "an address that is taken is named") {
  const auto second
    = http::server::start({fmt::format("127.0.0.1:{}", port), {}});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::wrong_state);
  CHECK(second.error().message.find(std::to_string(port)) != std::string::npos);
}
