#include "services/postgres/doorbell.hpp"

#include "test/support/eventually.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <unistd.h>
#include <utility>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

struct socket_pair {
  socket_pair() {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  }
  socket_pair(const socket_pair&) = delete;
  socket_pair& operator=(const socket_pair&) = delete;
  ~socket_pair() {
    close(ends[0]);
    hang_up();
  }
  void send() const { REQUIRE(write(ends[1], "x", 1) == 1); }
  void receive() const {
    char byte = 0;
    REQUIRE(read(ends[0], &byte, 1) == 1);
  }
  void hang_up() {
    if (ends[1] >= 0)
      close(std::exchange(ends[1], -1));
  }

  std::array<int, 2> ends{};
};

struct fixture {
  void ask(const socket_pair& of) {
    bell.ring_once(of.ends[0], [this] { ++rings; });
  }
  [[nodiscard]] bool has_rung(int times) const {
    return test::eventually(10s, [&] { return rings == times; });
  }

  std::atomic<int> rings = 0;
  postgres::doorbell bell;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the doorbell rings once for what arrives") {
  const socket_pair one;
  const socket_pair other;
  ask(one);
  one.send();
  CHECK(has_rung(1));
  // It is not asked to ring again, and the other's ring shows that it had time.
  one.send();
  ask(other);
  other.send();
  CHECK(has_rung(2));
}

TEST_CASE_FIXTURE(fixture, "what arrived before the doorbell was asked rings") {
  const socket_pair one;
  one.send();
  ask(one);
  CHECK(has_rung(1));
  one.receive();
  ask(one);
  one.send();
  CHECK(has_rung(2));
}

TEST_CASE_FIXTURE(fixture, "the doorbell rings when the peer is gone") {
  socket_pair one;
  ask(one);
  one.hang_up();
  CHECK(has_rung(1));
}

TEST_CASE_FIXTURE(fixture, "a socket with the number of a closed one rings") {
  for (int i = 1; i <= 3; ++i) {
    const socket_pair one;
    ask(one);
    one.send();
    CHECK(has_rung(i));
  }
}
