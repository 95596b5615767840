#include "services/snapshot_transfer/archive_reader.hpp"

#include "services/snapshot_transfer/archive_writer.hpp"

#include <fmt/format.h>

#include <array>
#include <zstd.h>

namespace pgtrickle::snapshot_transfer {

namespace {

/// The definition of a stream table may have 1 MB, and JSON escapes it twice.
constexpr std::size_t longest_header = std::size_t{16} << 20;

tl::unexpected<failure> damaged(std::string what) {
  return fail(errc::snapshot_corrupt, std::move(what),
              "Export the snapshot again, or fetch the file again from where "
              "it was exported.");
}

tl::unexpected<failure> cut_off() { return damaged("the file is cut off"); }

tl::unexpected<failure> foreign() {
  return fail(errc::snapshot_source_not_found, "the file is not a snapshot's",
              "Give a file that pgtricklectl snapshot export has written.");
}

} // namespace

archive_reader::archive_reader(byte_source source)
  : source_(std::move(source)), context_(ZSTD_createDCtx(), ZSTD_freeDCtx),
    in_(ZSTD_DStreamInSize(), '\0') {}

result<snapshot_header> archive_reader::begin() {
  std::string signature(archive_signature.size(), '\0');
  if (const auto read = read_exactly(signature.data(), signature.size()); !read)
    return read.error().code == errc::snapshot_corrupt
             ? foreign()
             : tl::unexpected(read.error());
  if (signature != archive_signature)
    return foreign();
  const auto line = read_line(longest_header);
  if (!line)
    return tl::unexpected(line.error());
  return end_frame().and_then([&] { return read_header(*line); });
}

result<bool> archive_reader::next_piece() {
  if (auto read = read_letter(); !read)
    return tl::unexpected(std::move(read.error()));
  if (letter_ != 'E')
    return true;
  return check_end().map([] { return false; });
}

result<std::int64_t> archive_reader::read_piece(const byte_sink& sink) {
  std::string data;
  while (letter_ == 'D') {
    const auto length = read_number(4);
    if (!length)
      return tl::unexpected(length.error());
    if (*length > longest_record)
      return damaged("the file has a record that is too long");
    data.resize(*length);
    if (auto read = read_exactly(data.data(), data.size())
                      .and_then([&] { return sink(data); })
                      .and_then([&] { return read_letter(); });
        !read)
      return tl::unexpected(std::move(read.error()));
  }
  if (letter_ != 'P')
    return damaged("the file has an unknown record");
  const auto rows = read_number(8);
  if (!rows)
    return tl::unexpected(rows.error());
  return end_frame().map([&] {
    rows_ += static_cast<std::int64_t>(*rows);
    ++pieces_;
    return static_cast<std::int64_t>(*rows);
  });
}

result<void> archive_reader::check_end() {
  const auto rows = read_number(8);
  if (!rows)
    return tl::unexpected(rows.error());
  const auto pieces = read_number(8);
  if (!pieces)
    return tl::unexpected(pieces.error());
  if (*rows != static_cast<std::uint64_t>(rows_)
      || *pieces != static_cast<std::uint64_t>(pieces_))
    return damaged(
      fmt::format("the file has {} rows instead of {}", rows_, *rows));
  char beyond = 0;
  const auto rest = read_some(&beyond, 1);
  if (!rest)
    return tl::unexpected(rest.error());
  if (*rest > 0)
    return damaged("the file goes on after its end");
  return {};
}

result<void> archive_reader::read_letter() { return read_exactly(&letter_, 1); }

result<std::uint64_t> archive_reader::read_number(int bytes) {
  std::array<char, 8> digits{};
  return read_exactly(digits.data(), static_cast<std::size_t>(bytes)).map([&] {
    std::uint64_t number = 0;
    for (int i = 0; i < bytes; ++i)
      number = number << 8 | static_cast<unsigned char>(digits[i]);
    return number;
  });
}

result<std::string> archive_reader::read_line(std::size_t longest) {
  std::string line;
  for (char c = 0; line.size() < longest; line += c) {
    if (auto read = read_exactly(&c, 1); !read)
      return tl::unexpected(std::move(read.error()));
    if (c == '\n')
      return line;
  }
  return damaged("the file has a header that is too long");
}

result<void> archive_reader::read_exactly(char* into, std::size_t count) {
  while (count > 0) {
    const auto got = read_some(into, count);
    if (!got)
      return tl::unexpected(got.error());
    if (*got == 0)
      return cut_off();
    into += *got;
    count -= *got;
  }
  return {};
}

result<std::size_t> archive_reader::read_some(char* into, std::size_t most) {
  std::size_t got = 0;
  while (got == 0) {
    const auto more = decompress(into, most, got);
    if (!more)
      return tl::unexpected(more.error());
    if (!*more)
      break;
  }
  return got;
}

/// A frame's checksum stands behind its last byte.
result<void> archive_reader::end_frame() {
  while (within_frame_) {
    char beyond = 0;
    std::size_t got = 0;
    if (const auto more = decompress(&beyond, 1, got); !more)
      return tl::unexpected(more.error());
    if (got > 0)
      return damaged("the file has an unknown record");
  }
  return {};
}

/// One step; false: the file has ended, where it may.
result<bool> archive_reader::decompress(char* into, std::size_t most,
                                        std::size_t& got) {
  if (begin_ == end_) {
    const auto read = source_(in_.data(), in_.size());
    if (!read)
      return tl::unexpected(read.error());
    begin_ = 0;
    end_ = *read;
  }
  const bool at_end = begin_ == end_;
  if (at_end && !within_frame_)
    return false;
  // Without input too: zstd may hold back what it had no room for.
  ZSTD_inBuffer in{in_.data() + begin_, end_ - begin_, 0};
  ZSTD_outBuffer out{into, most, 0};
  const auto rest = ZSTD_decompressStream(context_.get(), &out, &in);
  if (ZSTD_isError(rest) != 0)
    return damaged(
      fmt::format("the file is damaged ({})", ZSTD_getErrorName(rest)));
  begin_ += in.pos;
  within_frame_ = rest != 0;
  got = out.pos;
  if (at_end && got == 0 && within_frame_)
    return cut_off();
  return true;
}

} // namespace pgtrickle::snapshot_transfer
