#include "services/snapshot_transfer/file_source.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <system_error>

namespace pgtrickle::snapshot_transfer {

namespace {

failure failure_of(int error) {
  return {errc::wrong_state, std::generic_category().message(error)};
}

} // namespace

tl::unexpected<failure> file_source::failed(failure reason) const {
  reason.message = fmt::format("{}: {}", file_.string(), reason.message);
  return tl::unexpected(std::move(reason));
}

result<snapshot_header> file_source::open() {
  descriptor_ = file_descriptor{::open(file_.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!descriptor_)
    return failed(failure_of(errno));
  reader_.emplace(
    [this](char* into, std::size_t most) { return read_file(into, most); });
  piece_ = 0;
  auto header = reader_->begin();
  if (!header)
    return failed(std::move(header.error()));
  return header;
}

result<bool> file_source::seek(std::int64_t next) {
  for (;;) {
    const auto more = reader_->next_piece();
    if (!more)
      return failed(more.error());
    if (!*more || piece_ == next)
      return more;
    const auto passed
      = reader_->read_piece([](std::string_view) { return result<void>{}; });
    if (!passed)
      return failed(passed.error());
    ++piece_;
  }
}

result<piece_end> file_source::read(const byte_sink& sink) {
  auto sink_failed = false;
  const auto rows = reader_->read_piece([&](std::string_view data) {
    auto taken = sink(data);
    sink_failed = !taken;
    return taken;
  });
  if (!rows)
    return sink_failed ? tl::unexpected(rows.error()) : failed(rows.error());
  return piece_end{++piece_, *rows};
}

void file_source::close() {
  reader_.reset();
  descriptor_.reset();
}

result<std::size_t> file_source::read_file(char* into, std::size_t most) {
  for (;;) {
    const auto got = ::read(descriptor_.get(), into, most);
    if (got >= 0)
      return static_cast<std::size_t>(got);
    if (errno != EINTR)
      return tl::unexpected(failure_of(errno));
  }
}

} // namespace pgtrickle::snapshot_transfer
