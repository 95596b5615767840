#include "services/snapshot_transfer/file_target.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <random>
#include <system_error>

namespace pgtrickle::snapshot_transfer {

namespace {

/// Another export of the same snapshot may be in other pieces.
std::string new_identity(const std::string& snapshot) {
  std::random_device random;
  return fmt::format("file/{:08x}{:08x}/{}", random(), random(), snapshot);
}

} // namespace

file_target::~file_target() {
  if (descriptor_ && !is_standard_output())
    ::unlink(partial_file().c_str());
}

std::filesystem::path file_target::partial_file() const {
  return file_.string() + ".partial";
}

tl::unexpected<failure> file_target::failed(int error) const {
  return fail(errc::wrong_state,
              fmt::format("{}: {}", file_.string(),
                          std::generic_category().message(error)));
}

result<transfer_position> file_target::open(const snapshot_header& header) {
  if (writer_)
    return go_back();
  header_ = header;
  header_.identity = new_identity(header.identity);
  if (auto created = create(); !created)
    return tl::unexpected(std::move(created.error()));
  writer_.emplace([this](std::string_view data) { return write_file(data); });
  return writer_->begin(header_).map([&] {
    kept_ = size_;
    return position_;
  });
}

result<void> file_target::create() {
  if (is_standard_output()) {
    descriptor_ = file_descriptor{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)};
    return descriptor_ ? result<void>{} : failed(errno);
  }
  std::error_code ignored;
  if (std::filesystem::exists(file_, ignored))
    return fail(errc::already_exists,
                fmt::format("the file {} exists", file_.string()),
                "Remove it, or name another one by --output.");
  // Whoever may read the rows in the database need not be who reads files here.
  descriptor_ = file_descriptor{::open(
    partial_file().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  return descriptor_ ? result<void>{} : failed(errno);
}

result<transfer_position> file_target::go_back() {
  if (is_standard_output() && size_ != kept_)
    return fail(errc::wrong_state,
                "the connection broke, and standard output takes nothing back",
                "Export to a file: that goes on after a broken connection.");
  writer_->drop_piece();
  if (!is_standard_output()
      && (::ftruncate(descriptor_.get(), kept_) != 0
          || ::lseek(descriptor_.get(), kept_, SEEK_SET) < 0))
    return failed(errno);
  size_ = kept_;
  return position_;
}

result<void> file_target::end_piece(std::int64_t rows,
                                    const transfer_position& after) {
  return writer_->end_piece(rows).map([&] {
    kept_ = size_;
    position_ = after;
  });
}

result<transfer_report> file_target::finish() {
  if (position_.rows != header_.comment.row_count)
    return fail(errc::snapshot_corrupt,
                fmt::format("{} has {} rows instead of {}", header_.name.text(),
                            position_.rows, header_.comment.row_count),
                "It was written to after the snapshot was taken: take the "
                "snapshot again.");
  if (auto ended = writer_->finish(); !ended)
    return tl::unexpected(std::move(ended.error()));
  if (!is_standard_output()) {
    if (::fsync(descriptor_.get()) != 0
        || ::rename(partial_file().c_str(), file_.c_str()) != 0)
      return failed(errno);
    descriptor_.reset();
  }
  transfer_report report;
  report.target = file_.string();
  report.row_count = header_.comment.row_count;
  report.content_hash = header_.comment.content_hash;
  return report;
}

result<void> file_target::write_file(std::string_view data) {
  while (!data.empty()) {
    const auto written = ::write(descriptor_.get(), data.data(), data.size());
    if (written < 0 && errno != EINTR)
      return failed(errno);
    if (written <= 0)
      continue;
    data.remove_prefix(static_cast<std::size_t>(written));
    size_ += written;
  }
  return {};
}

} // namespace pgtrickle::snapshot_transfer
