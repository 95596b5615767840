#include "services/config/redaction.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using pgtrickle::config::redacted;

namespace {

using examples = std::vector<std::pair<std::string, std::string>>;

void check(const examples& all) {
  for (const auto& [text, shown] : all) {
    CAPTURE(text);
    CHECK(redacted(text) == shown);
    CHECK(redacted(text).find("secret") == std::string::npos);
  }
}

} // namespace

TEST_CASE("a connection string is shown without its passwords") {
  check(
    {{"host=db user=ann password=secret dbname=shop",
      "host=db user=ann password=*** dbname=shop"},
     {"password = 'my \\' secret' host=db", "password=*** host=db"},
     {"password=sec\\ secret host=db", "password=*** host=db"},
     {"sslpassword=secret  sslmode=require", "sslpassword=*** sslmode=require"},
     {"password='' host=db", "password=*** host=db"},
     {"host='a b' port=5432", "host='a b' port=5432"},
     {"", ""}});
}

TEST_CASE("what cannot be understood in a connection string is not shown") {
  check({{"host=db secret", "host=db ***"},
         {"password=my secret host=db", "password=*** ***"},
         {"host=db password='secret", "host=db password=***"},
         {"secret", "***"}});
}

TEST_CASE("a URI is shown without its password") {
  check({{"postgresql://ann:secret@db:5432/shop?sslmode=require",
          "postgresql://ann:***@db:5432/shop?sslmode=require"},
         {"postgres://ann@db/shop", "postgres://ann@db/shop"},
         {"postgres://db/shop", "postgres://db/shop"},
         {"postgres://:secret@db", "postgres://:***@db"},
         {"postgres://ann:s%40secret@a,b:2/shop",
          "postgres://ann:***@a,b:2/shop"}});
}

TEST_CASE("a password that was not encoded is not shown either") {
  check({{"postgres://ann:secret@secret@db/shop", "postgres://ann:***@db/shop"},
         {"postgres://ann:sec/secret?secret@db", "postgres://ann:***@db"}});
}

TEST_CASE("the parameters of a URI are shown without secrets") {
  check({{"postgres:///shop?password=secret&user=ann",
          "postgres:///shop?password=***&user=ann"},
         {"postgres:///shop?user=ann&sslpassword=secret",
          "postgres:///shop?user=ann&sslpassword=***"},
         {"postgres:///shop?pass%77ord=secret",
          "postgres:///shop?pass%77ord=***"}});
}

TEST_CASE("every NATS server of a list is shown without its secret") {
  check({{"nats://ann:secret@one:4222,nats://secret@two:4222",
          "nats://ann:***@one:4222,nats://***@two:4222"},
         {"nats://one:4222, tls://ann:secret@two",
          "nats://one:4222,tls://ann:***@two"},
         {"nats://127.0.0.1:4222", "nats://127.0.0.1:4222"}});
}
