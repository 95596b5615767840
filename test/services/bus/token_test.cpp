#include "services/bus/token.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const bus::database_address address{"7300", 5};
const bus::database_time now{std::chrono::seconds{1'800'000'000}};
constexpr std::string_view secret = "a secret of thirty-two bytes ....";

std::string signed_token(const std::string& header, const std::string& claims,
                         std::string_view key_of = secret) {
  const auto text = bus::base64url(header) + "." + bus::base64url(claims);
  return text + "."
         + bus::base64url(bus::hmac_sha256(bus::token_key(key_of), text));
}

const std::string header = R"({"alg":"HS256","typ":"JWT"})";
const std::string claims
  = R"({"iss":"pgtrickle","sub":"al\"ice","aud":"7300.5","role":16400,)"
    R"("issuer":10,"jti":"ab","iat":1799999990.250001,"exp":1800000010.5})";

std::string error_of(const std::string& token) {
  const auto read = bus::verify_token(token, secret, address, now);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == errc::call_rejected);
  CHECK_FALSE(read.error().hint.empty());
  return read.error().message;
}

} // namespace

TEST_CASE("a sound token says who its bearer is, and for how long") {
  const auto read
    = bus::verify_token(signed_token(header, claims), secret, address, now);
  REQUIRE(read);
  CHECK(read->id == "ab");
  CHECK(read->role == 16400);
  CHECK(read->issuer == 10);
  CHECK(read->issued_at == now - 10s + 250001us);
  CHECK(read->expires_at == now + 10s + 500ms);
}

TEST_CASE("a token that was signed elsewhere or altered is worth nothing") {
  const auto good = signed_token(header, claims);
  CHECK(error_of(signed_token(header, claims, "another secret"))
        == "token is not signed by this database");
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto altered = good;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(bus::verify_token(altered, secret, address, now));
    CHECK_FALSE(bus::verify_token(good.substr(0, i), secret, address, now));
  }
}

TEST_CASE("a token can't choose how it is checked") {
  CHECK(error_of(signed_token(R"({"alg":"none"})", claims))
        == "token is none of pgtrickle's");
  const auto unsigned_one = bus::base64url(R"({"alg":"none","typ":"JWT"})")
                            + "." + bus::base64url(claims) + ".";
  CHECK(error_of(unsigned_one) == "token is none of pgtrickle's");
  CHECK_FALSE(
    bus::verify_token(signed_token(header, claims, ""), "", address, now));
}

TEST_CASE("the signature of a call is none of a token") {
  const auto text = bus::base64url(header) + "." + bus::base64url(claims);
  const auto as_call
    = text + "." + bus::base64url(bus::hmac_sha256(secret, text));
  CHECK(error_of(as_call) == "token is not signed by this database");
}

TEST_CASE("a token is for one database and for a time") {
  const auto good = signed_token(header, claims);
  const auto elsewhere = bus::verify_token(good, secret, {"7300", 6}, now);
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error().message == "token is for another database");
  const auto late = bus::verify_token(good, secret, address, now + 10500ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().message == "token has expired");
}

TEST_CASE("text that is no token is refused whatever it is") {
  CHECK(error_of("") == "token is none of pgtrickle's");
  CHECK(error_of("....") == "token is none of pgtrickle's");
  CHECK(error_of(std::string(1'000'000, 'A'))
        == "token is none of pgtrickle's");
  CHECK(error_of(signed_token(header, "[1]")) == "token cannot be read");
}
