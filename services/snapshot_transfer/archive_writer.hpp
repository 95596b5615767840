#pragma once

#include "services/core/byte_sink.hpp"
#include "services/snapshot_transfer/header.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;

namespace pgtrickle::snapshot_transfer {

/// A snapshot's file is zstd. What it decompresses to begins with two lines,
/// this one and the header as JSON; then come records, each with a letter:
///
///   D  length (4 bytes), that many bytes of COPY's data
///   P  rows (8 bytes): the end of a piece, which is one COPY of its own
///   E  rows (8 bytes), pieces (8 bytes): the end of all
///
/// Numbers have the most significant byte first. The two lines, each piece and
/// the end are frames of zstd with checksums.
inline constexpr std::string_view archive_signature
  = "pgtrickle snapshot file 1\n";

/// No record of data is longer, whoever wrote the file.
inline constexpr std::size_t longest_record = 1 << 20;

/// Writes a snapshot's file.
class archive_writer {
public:
  /// `sink` gets the compressed bytes.
  explicit archive_writer(byte_sink sink);

  [[nodiscard]] result<void> begin(const snapshot_header& header);
  [[nodiscard]] result<void> put(std::string_view data);
  [[nodiscard]] result<void> end_piece(std::int64_t rows);
  /// Forgets the piece that has begun; its user takes back what the sink got.
  void drop_piece();
  [[nodiscard]] result<void> finish();

private:
  [[nodiscard]] result<void> compress(std::string_view data, bool end_frame);

  byte_sink sink_;
  std::unique_ptr<ZSTD_CCtx_s, std::size_t (*)(ZSTD_CCtx_s*)> context_;
  std::string out_;
  std::int64_t rows_ = 0;
  std::int64_t pieces_ = 0;
};

} // namespace pgtrickle::snapshot_transfer
