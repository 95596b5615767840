#include "services/bus/authentication.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const bus::database_time start{std::chrono::hours{1000}};

std::string hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes)
    text += fmt::format("{:02x}", byte);
  return text;
}

} // namespace

TEST_CASE("the signature is HMAC-SHA256 as RFC 4231 has it") {
  CHECK(hex(bus::hmac_sha256("Jefe", "what do ya want for nothing?"))
        == "5bdcc146bf60754e6a042426089575c7"
           "5a003f089d2739839dec58b964ec3843");
}

TEST_CASE("only the signature of that text under that secret matches") {
  const auto signature = bus::hmac_sha256("secret", "text");
  CHECK(bus::signature_matches("secret", "text", signature));
  CHECK_FALSE(bus::signature_matches("secret", "text!", signature));
  CHECK_FALSE(bus::signature_matches("other", "text", signature));
  CHECK_FALSE(bus::signature_matches("secret", "text", ""));
  CHECK_FALSE(bus::signature_matches("", "text", bus::hmac_sha256("", "text")));
}

TEST_CASE("a call is admitted once") {
  bus::replay_guard guard{start};
  CHECK(guard.admit("a", start, start + 1s));
  const auto again = guard.admit("a", start, start + 2s);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::call_rejected);
  CHECK(guard.admit("b", start, start + 2s));
}

TEST_CASE("a call is refused again for as long as it would be young enough") {
  bus::replay_guard guard{start};
  const auto issued = start + 50s;
  REQUIRE(guard.admit("a", issued, start + 1s));
  for (auto now = start; now < start + 5min; now += 7s)
    CHECK_FALSE(guard.admit("a", issued, now));
}

TEST_CASE("calls out of the window are refused") {
  bus::replay_guard guard{start};
  CHECK_FALSE(guard.admit("a", start, start + 61s));
  CHECK_FALSE(guard.admit("b", start + 200s, start + 100s));
  CHECK_FALSE(guard.admit("d", bus::database_time::min(), start));
  CHECK_FALSE(guard.admit("e", bus::database_time::max(), start));
}

TEST_CASE("a call from before the take-over may be repeated") {
  bus::replay_guard guard{start};
  const auto early = guard.admit("a", start - 1us, start + 1s);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == errc::taking_over);
  CHECK(guard.admit("b", start, start + 1s));
  const auto old = guard.admit("c", start - 1us, start + 61s);
  REQUIRE_FALSE(old);
  CHECK(old.error().code == errc::call_rejected);
}

TEST_CASE("what is remembered has a bound") {
  bus::replay_guard guard{start};
  for (std::size_t i = 0; i < bus::replay_guard::max_remembered; ++i)
    REQUIRE(guard.admit(std::to_string(i), start, start));
  const auto more = guard.admit("more", start, start);
  REQUIRE_FALSE(more);
  CHECK(more.error().code == errc::overloaded);
  CHECK(guard.admit("later", start + 2min, start + 2min));
}
