#include "services/http/router.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::http;

namespace {

page saying(const std::string& text) {
  return [text](const request& asked) {
    return response{200, text + asked.path};
  };
}

struct fixture {
  router routes{{{"/", saying("root ")},
                 {"/a/*", saying("below a ")},
                 {"/a/b/*", saying("below b ")},
                 {"/-/healthy", saying("alive ")}},
                {{"/act", saying("acted ")}, {"/a/both", saying("both ")}}};

  [[nodiscard]] response ask(const std::string& method, const std::string& path,
                             const std::string& host = "localhost:1") const {
    return routes.answer({method, path, "", {{"host", host}}});
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the longest path that fits answers") {
  CHECK(ask("GET", "/").body == "root /");
  CHECK(ask("HEAD", "/").body == "root /");
  CHECK(ask("GET", "/a/x/y").body == "below a /a/x/y");
  CHECK(ask("GET", "/a/b/y").body == "below b /a/b/y");
  CHECK(ask("POST", "/act").body == "acted /act");
  CHECK(ask("GET", "/b").status == 404);
  CHECK(ask("GET", "/a").status == 404);
}

TEST_CASE_FIXTURE(fixture,
                  "other methods are refused, with those that are not") {
  const auto allowed = [&](const std::string& method, const std::string& path) {
    const auto answer = ask(method, path);
    REQUIRE(answer.status == 405);
    return answer.headers.at(0);
  };
  using header = std::pair<std::string, std::string>;
  CHECK(allowed("POST", "/") == header{"Allow", "GET, HEAD"});
  CHECK(allowed("GET", "/act") == header{"Allow", "POST"});
  CHECK(allowed("PUT", "/a/both") == header{"Allow", "GET, HEAD, POST"});
}

TEST_CASE_FIXTURE(fixture, "a base path stands before every path") {
  routes.base_path = "/base";
  CHECK(ask("GET", "/base/").body == "root /");
  CHECK(ask("GET", "/").status == 404);
  const auto moved = ask("GET", "/base");
  CHECK(moved.status == 308);
  CHECK(moved.headers.at(0).second == "/base/");
}

TEST_CASE_FIXTURE(fixture, "hosts that are not served are misdirected") {
  routes.hosts = {"localhost", "[::1]"};
  CHECK(ask("GET", "/").status == 200);
  CHECK(ask("GET", "/", "[::1]:80").status == 200);
  CHECK(ask("GET", "/", "").status == 200);
  CHECK(ask("GET", "/", "evil.example").status == 421);
  CHECK(ask("GET", "/", "localhost.evil.example").status == 421);
}
