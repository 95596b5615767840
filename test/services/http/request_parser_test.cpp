#include "services/http/request_parser.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace pgtrickle::http;

namespace {

request complete(std::string_view bytes) {
  const auto parsed = parse_request(bytes);
  REQUIRE(std::holds_alternative<request>(parsed));
  return std::get<request>(parsed);
}

int refused(std::string_view bytes) {
  const auto parsed = parse_request(bytes);
  const auto* why = std::get_if<refusal>(&parsed);
  return why == nullptr ? 0 : why->status;
}

bool is_open(std::string_view bytes) {
  return std::holds_alternative<more_needed>(parse_request(bytes));
}

} // namespace

TEST_CASE("a request is read with its path, query, headers and body") {
  const auto read = complete("POST /a%20b?c=%20 HTTP/1.1\r\nHost: x\r\n"
                             "X-Two:  1 \r\nx-two: 2\r\n"
                             "Content-Length: 3\r\n\r\nabcGET /");
  CHECK(read.method == "POST");
  CHECK(read.path == "/a b");
  CHECK(read.query == "c=%20");
  CHECK(read.header("host") == "x");
  CHECK(read.header("x-two") == "1,2");
  CHECK(read.header("absent").empty());
  CHECK(read.body == "abc");
}

TEST_CASE("a request is not complete before its last byte") {
  const std::string whole
    = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK(is_open(std::string_view{whole}.substr(0, size)));
  CHECK(complete(whole).body == "ab");
}

TEST_CASE("lines may end without a carriage return") {
  CHECK(complete("GET / HTTP/1.0\nHost: y\n\n").header("host") == "y");
}

TEST_CASE("what is no request is refused as such") {
  for (const auto* bytes :
       {"\x01\x02", "get", "GET /\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
        "GET nowhere HTTP/1.1\r\n\r\n", "GET / HTTP/x.1.1\r\n\r\n",
        "GET /%zz HTTP/1.1\r\n\r\n", "GET /%00 HTTP/1.1\r\n\r\n",
        "GET /%4 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: no name\r\n\r\n",
        "GET / HTTP/1.1\r\nA b: c\r\n\r\n",
        "GET / HTTP/1.1\r\nA: c\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"})
    CHECK_MESSAGE(refused(bytes) == 400, bytes);
  CHECK(refused("GET / HTTP/2.0\r\n\r\n") == 505);
  CHECK(refused("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == 411);
  CHECK(refused("GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n") == 413);
  CHECK(
    refused("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n")
    == 413);
}

TEST_CASE("headers beyond the limit are refused before they end") {
  CHECK(is_open("GET / HTTP/1.1\r\nX: " + std::string(8000, 'x')));
  CHECK(refused("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x')) == 431);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 65; ++i)
    many += "X: y\r\n";
  CHECK(refused(many + "\r\n") == 431);
}

TEST_CASE("random bytes and mangled requests never do harm") {
  std::minstd_rand random{7};
  const std::string whole = "GET /metrics?x=%20 HTTP/1.1\r\nHost: a\r\n"
                            "Content-Length: 4\r\nAccept: */*\r\n\r\nbody";
  for (int i = 0; i < 100'000; ++i) {
    auto bytes = whole;
    for (auto changes = random() % 8; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    const auto parsed = parse_request(bytes);
    if (const auto* read = std::get_if<request>(&parsed)) {
      CHECK(read->path.starts_with('/'));
      CHECK(read->path.find('\0') == std::string::npos);
    }
  }
}
