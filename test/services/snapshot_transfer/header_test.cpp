#include "services/snapshot_transfer/header.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::snapshot_transfer;
using pgtrickle::errc;

namespace {

const std::string comment
  = R"({"pgtrickle_snapshot": 1, "row_count": 3, "content_hash": "00ff",)"
    R"( "later": {"kept": true}})";

snapshot_header header() {
  return {{"odd \"schema\"", "a.b"},
          {{"a\"b, c", "numeric(10,2)", std::nullopt},
           {"t", "text", qualified_name{"pg_catalog", "C"}}},
          "binary",
          {comment, 3, "00ff"},
          "1/2/3/4/00ff"};
}

errc code_of(const std::string& text) {
  const auto read = read_header(text);
  REQUIRE(!read);
  return read.error().code;
}

} // namespace

TEST_CASE("a header is the same after it was written and read") {
  const auto text = header_text(header());
  CHECK(text.find('\n') == std::string::npos);
  const auto read = read_header(text);
  REQUIRE(read);
  CHECK(*read == header());
}

TEST_CASE("a comment is kept as it is") {
  const auto read = read_comment("t", comment);
  REQUIRE(read);
  CHECK(read->text == comment);
  CHECK(read->row_count == 3);
  CHECK(read->content_hash == "00ff");
}

TEST_CASE("a table without a snapshot's comment is no snapshot") {
  for (const auto* text : {"", "orders", "[1]", "{}", "{\"pgtrickle\": 1}"}) {
    const auto read = read_comment("\"public\".\"t\"", text);
    REQUIRE(!read);
    CHECK(read.error().message == "\"public\".\"t\" is not a snapshot");
    CHECK(!read.error().hint.empty());
  }
}

TEST_CASE("a snapshot of a later version is refused") {
  const auto read = read_comment("t", R"({"pgtrickle_snapshot": 2})");
  REQUIRE(!read);
  CHECK(read.error().message == "t is a snapshot of version 2");
}

TEST_CASE("a comment without count or hash is refused") {
  CHECK(!read_comment("t", R"({"pgtrickle_snapshot": 1, "row_count": 1})"));
  CHECK(!read_comment(
    "t", R"({"pgtrickle_snapshot": 1, "row_count": "1", "content_hash": ""})"));
}

TEST_CASE("a header that makes no sense is refused") {
  CHECK(code_of("") == errc::snapshot_corrupt);
  CHECK(code_of("{}") == errc::snapshot_corrupt);
  CHECK(code_of("[]") == errc::snapshot_corrupt);
  CHECK(code_of(R"({"snapshot": 1, "columns": 2})") == errc::snapshot_corrupt);
  auto text = header_text(header());
  text.replace(text.find("binary"), 6, "csv, x");
  CHECK(code_of(text) == errc::snapshot_corrupt);
}

TEST_CASE("a table is made of quoted names, types and collations") {
  CHECK(create_table({"s", "t\""}, header())
        == "CREATE TABLE \"s\".\"t\"\"\" (\n"
           "  \"a\"\"b, c\" numeric(10,2),\n"
           "  \"t\" text COLLATE \"pg_catalog\".\"C\"\n)");
  CHECK(column_names(header()) == R"("a""b, c", "t")");
}
