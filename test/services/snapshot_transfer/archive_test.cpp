#include "services/snapshot_transfer/archive_reader.hpp"
#include "services/snapshot_transfer/archive_writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace pgtrickle;
using namespace pgtrickle::snapshot_transfer;

namespace {

snapshot_header header() {
  const std::string comment
    = R"({"pgtrickle_snapshot":1,"row_count":3,"content_hash":"0f"})";
  return {{"s", "t"},
          {{"c", "integer", std::nullopt}},
          "binary",
          {comment, 3, "0f"},
          "file/1"};
}

/// Bytes that zstd can't make much smaller.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes)
    byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

const std::string long_piece = noise(3 * longest_record + 17);

/// Two pieces with three rows.
std::string file() {
  std::string bytes;
  archive_writer writer{[&](std::string_view data) -> result<void> {
    bytes += data;
    return {};
  }};
  REQUIRE(writer.begin(header()));
  REQUIRE(writer.put("first"));
  REQUIRE(writer.end_piece(1));
  REQUIRE(writer.put(long_piece));
  REQUIRE(writer.end_piece(2));
  REQUIRE(writer.finish());
  return bytes;
}

/// What a reader makes of it: the pieces, or a failure.
result<std::vector<std::string>> read_all(const std::string& bytes) {
  std::size_t at = 0;
  archive_reader reader{
    [&](char* into, std::size_t most) -> result<std::size_t> {
      const auto count = std::min(most, bytes.size() - at);
      std::copy_n(bytes.data() + at, count, into);
      at += count;
      return count;
    }};
  if (const auto read = reader.begin(); !read)
    return tl::unexpected(read.error());
  std::vector<std::string> pieces;
  for (;;) {
    const auto more = reader.next_piece();
    if (!more)
      return tl::unexpected(more.error());
    if (!*more)
      return pieces;
    auto& piece = pieces.emplace_back();
    const auto rows = reader.read_piece([&](std::string_view data) {
      piece += data;
      return result<void>{};
    });
    if (!rows)
      return tl::unexpected(rows.error());
  }
}

} // namespace

TEST_CASE("a file gives back what was written to it") {
  const auto pieces = read_all(file());
  REQUIRE(pieces);
  REQUIRE(pieces->size() == 2);
  CHECK((*pieces)[0] == "first");
  CHECK((*pieces)[1] == long_piece);
}

TEST_CASE("a file gives back its header") {
  const auto bytes = file();
  bool is_read = false;
  archive_reader reader{
    [&](char* into, std::size_t most) -> result<std::size_t> {
      const auto count = is_read ? 0 : std::min(most, bytes.size());
      std::copy_n(bytes.data(), count, into);
      is_read = true;
      return count;
    }};
  const auto read = reader.begin();
  REQUIRE(read);
  CHECK(*read == header());
}

TEST_CASE("a file that is cut off anywhere is refused") {
  const auto whole = file();
  const auto step = whole.size() / 500;
  for (std::size_t size = 0; size < whole.size();
       size += size < 300 || size + 300 > whole.size() ? 1 : step) {
    const auto read = read_all(whole.substr(0, size));
    CHECK_MESSAGE(!read, "cut off after " << size << " bytes");
    if (!read)
      CHECK((read.error().code == errc::snapshot_corrupt
             || read.error().message == "the file is not a snapshot's"));
  }
}

// zstd passes over a bit that has no meaning, and takes a window of another
// size.
TEST_CASE("a file with a changed byte is refused or means the same") {
  const auto whole = file();
  const auto meant = read_all(whole);
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 300) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    const auto read = read_all(changed);
    CHECK_MESSAGE((!read || *read == *meant), "byte " << at << " was changed");
  }
}

TEST_CASE("no piece is complete before its checksum was compared") {
  std::string bytes;
  archive_writer writer{[&](std::string_view data) -> result<void> {
    bytes += data;
    return {};
  }};
  REQUIRE(writer.begin(header()));
  REQUIRE(writer.put("first"));
  REQUIRE(writer.end_piece(1));
  // The last byte of the piece is one of its checksum.
  bytes.back() = static_cast<char>(~bytes.back());
  REQUIRE(writer.put("second"));
  REQUIRE(writer.end_piece(1));
  std::size_t at = 0;
  archive_reader reader{
    [&](char* into, std::size_t most) -> result<std::size_t> {
      const auto count = std::min(most, bytes.size() - at);
      std::copy_n(bytes.data() + at, count, into);
      at += count;
      return count;
    }};
  REQUIRE(reader.begin());
  REQUIRE(reader.next_piece() == true);
  const auto read
    = reader.read_piece([](std::string_view) { return result<void>{}; });
  REQUIRE(!read);
  CHECK(read.error().code == errc::snapshot_corrupt);
}

TEST_CASE("what follows the end of a file is refused") {
  const auto twice = read_all(file() + file());
  REQUIRE(!twice);
  CHECK(twice.error().message == "the file goes on after its end");
  CHECK(!read_all(file() + "x"));
}

TEST_CASE("another file is said to be none of a snapshot") {
  for (const auto& other : {std::string{}, std::string{"hello"}, noise(5000)}) {
    const auto read = read_all(other);
    REQUIRE(!read);
    CHECK(read.error().message == "the file is not a snapshot's");
    CHECK(!read.error().hint.empty());
  }
}

TEST_CASE("a piece that was dropped leaves no trace") {
  std::string bytes;
  archive_writer writer{[&](std::string_view data) -> result<void> {
    bytes += data;
    return {};
  }};
  REQUIRE(writer.begin(header()));
  const auto kept = bytes.size();
  REQUIRE(writer.put(long_piece));
  bytes.resize(kept);
  writer.drop_piece();
  REQUIRE(writer.put("again"));
  REQUIRE(writer.end_piece(3));
  REQUIRE(writer.finish());
  const auto pieces = read_all(bytes);
  REQUIRE(pieces);
  CHECK(*pieces == std::vector<std::string>{"again"});
}

TEST_CASE("what a sink fails with ends the reading") {
  const auto bytes = file();
  std::size_t at = 0;
  archive_reader reader{
    [&](char* into, std::size_t most) -> result<std::size_t> {
      const auto count = std::min(most, bytes.size() - at);
      std::copy_n(bytes.data() + at, count, into);
      at += count;
      return count;
    }};
  REQUIRE(reader.begin());
  REQUIRE(reader.next_piece() == true);
  const auto read = reader.read_piece([](std::string_view) -> result<void> {
    return fail(errc::connection_lost, "gone");
  });
  REQUIRE(!read);
  CHECK(read.error().code == errc::connection_lost);
}
