#pragma once

#include "services/snapshot_transfer/archive_writer.hpp"
#include "services/snapshot_transfer/endpoints.hpp"
#include "services/snapshot_transfer/file_descriptor.hpp"

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace pgtrickle::snapshot_transfer {

/// A file that is to hold a snapshot. It has its name once it is complete, and
/// `.partial` behind it until then. It can't be resumed by another process.
class file_target : public row_target {
public:
  /// `file` is the name; `-` is standard output, which can take nothing back:
  /// there a broken connection ends the transfer.
  explicit file_target(std::filesystem::path file) : file_(std::move(file)) {}
  ~file_target() override;

  result<transfer_position> open(const snapshot_header& header) override;
  bool is_complete() const override { return false; }
  result<void> begin_piece() override { return {}; }
  result<void> put(std::string_view data) override {
    return writer_->put(data);
  }
  result<void> end_piece(std::int64_t rows,
                         const transfer_position& after) override;
  result<transfer_report> finish() override;
  void close() override {}

private:
  [[nodiscard]] bool is_standard_output() const { return file_ == "-"; }
  [[nodiscard]] result<void> create();
  [[nodiscard]] result<transfer_position> go_back();
  [[nodiscard]] result<void> write_file(std::string_view data);
  [[nodiscard]] std::filesystem::path partial_file() const;
  [[nodiscard]] tl::unexpected<failure> failed(int error) const;

  std::filesystem::path file_;
  file_descriptor descriptor_;
  std::optional<archive_writer> writer_;
  snapshot_header header_;
  transfer_position position_;
  /// How long the file is, and was at the end of the last piece.
  off_t size_ = 0;
  off_t kept_ = 0;
};

} // namespace pgtrickle::snapshot_transfer
