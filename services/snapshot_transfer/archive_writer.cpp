#include "services/snapshot_transfer/archive_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <zstd.h>

namespace pgtrickle::snapshot_transfer {

namespace {

/// `count` bytes of `number`, the most significant first.
std::string big_endian(std::uint64_t number, int count) {
  std::string bytes;
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>(number >> shift));
  return bytes;
}

std::string big_endian(std::int64_t number) {
  return big_endian(static_cast<std::uint64_t>(number), 8);
}

} // namespace

archive_writer::archive_writer(byte_sink sink)
  : sink_(std::move(sink)), context_(ZSTD_createCCtx(), ZSTD_freeCCtx),
    out_(ZSTD_CStreamOutSize(), '\0') {
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

result<void> archive_writer::begin(const snapshot_header& header) {
  return compress(fmt::format("{}{}\n", archive_signature, header_text(header)),
                  true);
}

result<void> archive_writer::put(std::string_view data) {
  while (!data.empty()) {
    const auto length = std::min(data.size(), longest_record);
    if (auto written = compress("D" + big_endian(length, 4), false); !written)
      return written;
    if (auto written = compress(data.substr(0, length), false); !written)
      return written;
    data.remove_prefix(length);
  }
  return {};
}

result<void> archive_writer::end_piece(std::int64_t rows) {
  rows_ += rows;
  ++pieces_;
  return compress("P" + big_endian(rows), true);
}

void archive_writer::drop_piece() {
  ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
}

result<void> archive_writer::finish() {
  return compress("E" + big_endian(rows_) + big_endian(pieces_), true);
}

result<void> archive_writer::compress(std::string_view data, bool end_frame) {
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  for (bool complete = false; !complete;) {
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const auto rest = ZSTD_compressStream2(
      context_.get(), &out, &in, end_frame ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(rest) != 0)
      return fail(errc::invariant_violated,
                  fmt::format("zstd: {}", ZSTD_getErrorName(rest)));
    if (out.pos > 0)
      if (auto taken = sink_({out_.data(), out.pos}); !taken)
        return taken;
    complete = end_frame ? rest == 0 : in.pos == in.size;
  }
  return {};
}

} // namespace pgtrickle::snapshot_transfer
