#pragma once

#include "services/core/byte_sink.hpp"
#include "services/snapshot_transfer/header.hpp"
#include "services/snapshot_transfer/partial_copy.hpp"

#include <cstdint>
#include <string>

namespace pgtrickle::snapshot_transfer {

/// A piece that was read.
struct piece_end {
  /// Where the next one begins.
  std::int64_t next = 0;
  std::int64_t rows = 0;
};

/// What came of a transfer.
struct transfer_report {
  /// Quoted and qualified, or the name of a file.
  std::string target;
  std::int64_t row_count = 0;
  /// As COPY sent them; without what was there before.
  std::int64_t bytes = 0;
  std::string content_hash;
  /// Whether the target's rows were found to have that hash.
  bool is_verified = false;
  /// Whether the target's list_snapshots() has it.
  bool is_registered = false;
  /// Sentences about what was left undone, and why.
  std::string remark;
};

/// Where a snapshot's rows come from, in pieces that a number finds again.
class row_source {
public:
  row_source() = default;
  row_source(const row_source&) = delete;
  row_source& operator=(const row_source&) = delete;
  virtual ~row_source() = default;

  /// Connects or opens, for the first time or anew.
  [[nodiscard]] virtual result<snapshot_header> open() = 0;
  /// Whether a piece begins at `next`, which 0 or a piece's end has given.
  [[nodiscard]] virtual result<bool> seek(std::int64_t next) = 0;
  /// Reads the piece to which `seek` has gone.
  [[nodiscard]] virtual result<piece_end> read(const byte_sink& sink) = 0;
  virtual void close() = 0;
};

/// Where they go. What is not complete has not the target's name.
class row_target {
public:
  row_target() = default;
  row_target(const row_target&) = delete;
  row_target& operator=(const row_target&) = delete;
  virtual ~row_target() = default;

  /// Connects or opens, for the first time or anew; returns what is there
  /// already.
  [[nodiscard]] virtual result<transfer_position>
  open(const snapshot_header& header) = 0;
  /// Whether the whole is there, from an earlier transfer.
  [[nodiscard]] virtual bool is_complete() const = 0;
  [[nodiscard]] virtual result<void> begin_piece() = 0;
  [[nodiscard]] virtual result<void> put(std::string_view data) = 0;
  /// Keeps the piece, which had `rows`, and that it ends at `after`.
  [[nodiscard]] virtual result<void> end_piece(std::int64_t rows,
                                               const transfer_position& after)
    = 0;
  /// All pieces are there: checks them, and gives them the target's name.
  [[nodiscard]] virtual result<transfer_report> finish() = 0;
  virtual void close() = 0;
};

} // namespace pgtrickle::snapshot_transfer
