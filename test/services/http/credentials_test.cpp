#include "services/http/credentials.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <unistd.h>

using namespace pgtrickle;
using http::credentials;

namespace {

/// A file that is gone with the object.
struct file_of_users {
  explicit file_of_users(const std::string& text) {
    const auto descriptor = mkstemp(path.data());
    close(descriptor);
    std::ofstream(path) << text;
  }
  file_of_users(const file_of_users&) = delete;
  file_of_users& operator=(const file_of_users&) = delete;
  ~file_of_users() { std::remove(path.c_str()); }

  std::string path = "/tmp/pgtrickle_users_XXXXXX";
};

// openssl passwd -6 -salt salt secret
constexpr auto hash_of_secret
  = "$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/XWR5E33QPd0YmHXoDHO"
    "IDR6kL5D3JcQcz0O8FHE00";

} // namespace

TEST_CASE("who shows a user's password is admitted, nobody else") {
  const file_of_users file{std::string{"# those who may\n\nscraper:"}
                           + hash_of_secret + "\n"};
  auto users = credentials::read(file.path);
  REQUIRE_MESSAGE(users, users.error().message);
  for (int i = 0; i < 2; ++i) {
    CHECK((*users)->admit("Basic c2NyYXBlcjpzZWNyZXQ="));
    // scraper:other, nobody:secret, scraper, "" and what is no base64
    CHECK(!(*users)->admit("Basic c2NyYXBlcjpvdGhlcg=="));
    CHECK(!(*users)->admit("Basic bm9ib2R5OnNlY3JldA=="));
    CHECK(!(*users)->admit("Basic c2NyYXBlcg=="));
    CHECK(!(*users)->admit("Basic "));
    CHECK(!(*users)->admit("Basic !!!"));
    CHECK(!(*users)->admit("Bearer c2NyYXBlcjpzZWNyZXQ="));
    CHECK(!(*users)->admit(""));
  }
}

TEST_CASE("a file of users that says nothing of use is refused") {
  const file_of_users empty{"# nobody\n"};
  const file_of_users plain{"scraper:secret\n"};
  const file_of_users malformed{"scraper\n"};
  for (const auto& path :
       {empty.path, plain.path, malformed.path, std::string{"/nowhere"}}) {
    const auto users = credentials::read(path);
    REQUIRE(!users);
    CHECK(users.error().code == errc::invalid_argument);
    CHECK(users.error().message.find("secret") == std::string::npos);
  }
}
