#include "services/http/server.hpp"

#include "test/support/eventually.hpp"
#include "test/support/private_directory.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <unistd.h>
#include <vector>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

/// What the client sends is followed by nothing, and nothing is closed.
int connected(std::uint16_t port, const std::string& sent) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address))
    == 0);
  static_cast<void>(::send(fd, sent.data(), sent.size(), MSG_NOSIGNAL));
  return fd;
}

/// Sends `request` as it is, and returns all that comes back.
std::string answer_to(std::uint16_t port, const std::string& request) {
  const int fd = connected(port, request);
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(fd);
  return answer;
}

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

/// What this process holds in memory.
long resident_pages() {
  std::ifstream sizes{"/proc/self/statm"};
  long all = 0;
  long resident = 0;
  sizes >> all >> resident;
  return resident;
}

/// A gate that a page waits at.
struct gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool is_open = false;

  void open() {
    const std::scoped_lock lock{mutex};
    is_open = true;
    opened.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex};
    opened.wait(lock, [&] { return is_open; });
  }
};

struct fixture {
  fixture() {
    http::server_options options;
    options.listen = fmt::format("127.0.0.1:{}", port);
    options.pages["/-/healthy"] = [](const auto&) {
      return http::response{200, "healthy\n"};
    };
    options.pages["/-/ready"] = [](const auto&) {
      return http::response{503, "no\n"};
    };
    options.pages["/stuck"] = [this](const auto&) {
      stuck.pass();
      return http::response{};
    };
    options.pages["/throws"] = [](const auto&) -> http::response {
      throw std::runtime_error{"secret"};
    };
    options.pages["/events"] = [this](const auto&) {
      http::response events;
      events.content_type = "text/event-stream";
      events.next_chunk
        = [n = 0, this]() mutable -> std::optional<std::string> {
        ++pieces;
        return n == 3 ? std::nullopt : std::optional{std::to_string(n++)};
      };
      return events;
    };
    options.pages["/endless"] = [this](const auto&) {
      http::response events;
      events.next_chunk = [this] {
        ++pieces;
        ::poll(nullptr, 0, 1);
        return std::optional<std::string>{"x"};
      };
      return events;
    };
    options.handler_timeout = [] { return std::chrono::milliseconds{100}; };
    options.timed_out = [this] { ++timeouts; };
    server.emplace(http::server::start(std::move(options)));
    REQUIRE(*server);
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;
  ~fixture() { stuck.open(); }

  std::string ask(const std::string& method, const std::string& path) {
    return answer_to(
      port,
      fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n\r\n", method, path));
  }

  /// Until every thread that answers was started and had something to do.
  void occupy_all_threads() {
    std::vector<int> waiting;
    // More than there are threads.
    for (int i = 0; i < 50; ++i)
      waiting.push_back(connected(port, get("/stuck")));
    CHECK(test::eventually(5s, [&] { return timeouts >= 30; }));
    stuck.open();
    for (const auto fd : waiting)
      ::close(fd);
  }

  std::uint16_t port = test::free_port();
  gate stuck;
  std::atomic<int> timeouts = 0;
  std::atomic<int> pieces = 0;
  std::optional<result<http::server>> server;
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

TEST_CASE_FIXTURE(fixture, "an oversized or senseless request is told so") {
  CHECK(
    answer_to(port, "\x01\x02 garbage\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(answer_to(port, "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')
                          + "\r\n\r\n")
          .starts_with("HTTP/1.1 431 "));
  CHECK(answer_to(port, get("/-/healthy") + get("/-/healthy") + "\x01")
          .starts_with("HTTP/1.1 200 "));
  CHECK(answer_to(port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
          .starts_with("HTTP/1.1 421 "));
  CHECK(ask("GET", "/-/healthy").starts_with("HTTP/1.1 200 "));
}

TEST_CASE_FIXTURE(fixture, "a slow client is told so, and holds up nobody") {
  std::vector<int> slow;
  for (int i = 0; i < 500; ++i)
    slow.push_back(connected(port, "GET / HT"));
  const auto begun = std::chrono::steady_clock::now();
  CHECK(ask("GET", "/-/healthy").starts_with("HTTP/1.1 200 "));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{1});
  for (const auto fd : slow)
    ::close(fd);
  CHECK(answer_to(port, "GET / HT").starts_with("HTTP/1.1 408 "));
}

TEST_CASE_FIXTURE(fixture, "an answer that takes too long is given up") {
  CHECK(ask("GET", "/stuck").starts_with("HTTP/1.1 503 "));
  CHECK(timeouts == 1);
  CHECK(ask("GET", "/-/healthy").starts_with("HTTP/1.1 200 "));
  occupy_all_threads();
  CHECK(test::eventually(
    5s, [&] { return ask("GET", "/-/healthy").starts_with("HTTP/1.1 200 "); }));
}

TEST_CASE_FIXTURE(fixture, "a page that fails tells nothing of why") {
  const auto answer = ask("GET", "/throws");
  CHECK(answer.starts_with("HTTP/1.1 500 "));
  CHECK(answer.find("secret") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a stream ends with its last piece") {
  CHECK(ask("GET", "/events").ends_with("\r\n\r\n012"));
  CHECK(ask("HEAD", "/events").ends_with("\r\n\r\n"));
}

TEST_CASE_FIXTURE(fixture, "a stream ends when its client goes") {
  const auto fd = connected(port, get("/endless"));
  CHECK(test::eventually(5s, [&] { return pieces > 3; }));
  ::close(fd);
  CHECK(test::eventually(5s, [&] {
    const int before = pieces;
    return test::throughout(50ms, [&] { return pieces == before; });
  }));
}

TEST_CASE_FIXTURE(fixture, "a server with a stream can be stopped") {
  const auto fd = connected(port, get("/endless"));
  CHECK(test::eventually(5s, [&] { return pieces > 3; }));
  server.reset();
  ::close(fd);
}

TEST_CASE_FIXTURE(fixture, "a flood of nonsense costs no memory") {
  const auto flood = [&](int requests) {
    for (int i = 0; i < requests; ++i) {
      const auto fd = connected(
        port, i % 3 == 0   ? std::string(9000, 'x')
              : i % 3 == 1 ? std::string{"GET / HTTP/1.1\r\nX: y"}
                           : get("/nowhere") + get("/-/healthy") + "\x01");
      ::close(fd);
    }
  };
  // What a thread needs once is not the flood's.
  occupy_all_threads();
  flood(2000);
  const auto before = resident_pages();
  flood(10'000);
  CHECK(ask("GET", "/-/healthy").starts_with("HTTP/1.1 200 "));
  CHECK(static_cast<double>(resident_pages())
        < 1.05 * static_cast<double>(before));
}

TEST_CASE_FIXTURE(fixture, "a port that is taken is named, with its holder") {
  http::server_options options;
  options.listen = fmt::format("127.0.0.1:{}", port);
  const auto second = http::server::start(options);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == http::metrics_server_error::port_in_use);
  CHECK(second.error().message.find(std::to_string(port)) != std::string::npos);
  CHECK(second.error().message.find(fmt::format("process {}", getpid()))
        != std::string::npos);
}
