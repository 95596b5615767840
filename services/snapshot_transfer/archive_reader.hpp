#pragma once

#include "services/core/byte_sink.hpp"
#include "services/snapshot_transfer/header.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

struct ZSTD_DCtx_s;

namespace pgtrickle::snapshot_transfer {

/// Fills at most so many bytes and returns how many; 0 is the end.
using byte_source = std::function<result<std::size_t>(char*, std::size_t)>;

/// Reads what archive_writer has written. Every function fails with
/// snapshot_corrupt where the file is cut off or damaged, and the first with
/// snapshot_source_not_found where it is no snapshot's file at all.
class archive_reader {
public:
  explicit archive_reader(byte_source source);

  /// The header; comes first.
  [[nodiscard]] result<snapshot_header> begin();

  /// Whether there is another piece; at the end, whether all is there.
  [[nodiscard]] result<bool> next_piece();

  /// Feeds `sink` with the data of the piece; returns how many rows it has.
  /// Only once it has returned is it known that the data is whole.
  [[nodiscard]] result<std::int64_t> read_piece(const byte_sink& sink);

private:
  [[nodiscard]] result<std::size_t> read_some(char* into, std::size_t most);
  [[nodiscard]] result<void> read_exactly(char* into, std::size_t count);
  [[nodiscard]] result<std::uint64_t> read_number(int bytes);
  [[nodiscard]] result<std::string> read_line(std::size_t longest);
  [[nodiscard]] result<void> read_letter();
  [[nodiscard]] result<void> check_end();
  [[nodiscard]] result<void> end_frame();
  [[nodiscard]] result<bool> decompress(char* into, std::size_t most,
                                        std::size_t& got);

  byte_source source_;
  std::unique_ptr<ZSTD_DCtx_s, std::size_t (*)(ZSTD_DCtx_s*)> context_;
  std::string in_;
  /// What of `in_` is still to be decompressed.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool within_frame_ = false;
  /// Of the record at hand.
  char letter_ = 0;
  std::int64_t rows_ = 0;
  std::int64_t pieces_ = 0;
};

} // namespace pgtrickle::snapshot_transfer
