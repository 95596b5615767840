#pragma once

#include "services/snapshot_transfer/archive_reader.hpp"
#include "services/snapshot_transfer/endpoints.hpp"
#include "services/snapshot_transfer/file_descriptor.hpp"

#include <filesystem>
#include <optional>

namespace pgtrickle::snapshot_transfer {

/// A snapshot's file.
class file_source : public row_source {
public:
  explicit file_source(std::filesystem::path file) : file_(std::move(file)) {}

  result<snapshot_header> open() override;
  result<bool> seek(std::int64_t next) override;
  result<piece_end> read(const byte_sink& sink) override;
  void close() override;

private:
  [[nodiscard]] result<std::size_t> read_file(char* into, std::size_t most);
  /// `reason` with the file's name.
  [[nodiscard]] tl::unexpected<failure> failed(failure reason) const;

  std::filesystem::path file_;
  file_descriptor descriptor_;
  std::optional<archive_reader> reader_;
  /// The number of the piece at which the reader stands.
  std::int64_t piece_ = 0;
};

} // namespace pgtrickle::snapshot_transfer
