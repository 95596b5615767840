#include "bench/flood/http_flood.hpp"

#include "bench/loopback.hpp"
#include "bench/measure.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <string>
#include <unistd.h>

namespace pgtrickle::bench {

namespace {

using namespace std::chrono_literals;

constexpr int senders_of_nonsense = 4;
constexpr auto between_bytes = 1s;

bool send_to(int fd, std::string_view bytes) {
  return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0;
}

/// All that comes until the other side ends.
std::string received_from(int fd) {
  std::string all;
  std::array<char, 1U << 16U> buffer;
  for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
    all.append(buffer.data(), static_cast<std::size_t>(n));
  return all;
}

/// No request at all, a method that there is not, headers without end, and many
/// at a time.
const std::array<std::string, 5>& nonsense() {
  static const std::array<std::string, 5> kinds{
    std::string("\x01\x02\xff\x00\r\n\r\n", 8), "GET  HTTP/x\r\n\r\n",
    "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'),
    "BREW /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", [] {
      std::string pipelined;
      for (int i = 0; i < 20; ++i)
        pipelined += "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n\x01";
      return pipelined;
    }()};
  return kinds;
}

} // namespace

http_flood::http_flood(std::uint16_t port, int slow) : port_(port) {
  for (int i = 0; i < senders_of_nonsense; ++i)
    threads_.emplace_back([this] { send_nonsense(); });
  threads_.emplace_back([this, slow] { send_slowly(slow); });
}

long http_flood::end() {
  is_over_ = true;
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
  return refused_;
}

void http_flood::send_nonsense() {
  for (std::size_t i = 0; !is_over_; ++i) {
    const auto fd = connected(port_);
    if (fd < 0)
      continue;
    const auto& sent = nonsense()[i % nonsense().size()];
    if (send_to(fd, sent) && received_from(fd).starts_with("HTTP/1.1 2"))
      give_up("nonsense was answered: " + sent);
    ::close(fd);
    ++refused_;
  }
}

/// As many at any time: for each that is closed another one comes.
void http_flood::send_slowly(int connections) {
  std::vector<int> open(static_cast<std::size_t>(connections), -1);
  while (!is_over_) {
    for (auto& fd : open) {
      if (fd >= 0 && send_to(fd, "G"))
        continue;
      ::close(fd);
      fd = connected(port_);
    }
    const auto next = std::chrono::steady_clock::now() + between_bytes;
    while (!is_over_ && std::chrono::steady_clock::now() < next)
      std::this_thread::sleep_for(10ms);
  }
  for (const auto fd : open)
    ::close(fd);
}

void leave_the_processor_to_others() {
  ::setsid();
  ::setpriority(PRIO_PROCESS, 0, 19);
  std::ofstream{"/proc/self/autogroup"} << 19;
}

bool is_scraped(std::uint16_t port) {
  const auto fd = connected(port);
  const auto is_sent
    = send_to(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto answer = received_from(fd);
  ::close(fd);
  return is_sent && answer.starts_with("HTTP/1.1 200 ");
}

} // namespace pgtrickle::bench
