#include "services/snapshot_transfer/transfer.hpp"

#include <fmt/format.h>

#include <optional>
#include <poll.h>
#include <random>

namespace pgtrickle::snapshot_transfer {

namespace {

/// Rows are passed on in lots of about this many bytes.
constexpr std::size_t lot_size = std::size_t{64} << 10;

/// One transfer, over as many connections as it takes.
class undertaking {
public:
  undertaking(row_source& source, row_target& target,
              const transfer_options& options, const transfer_events& events)
    : source_(source), target_(target), options_(options), events_(events) {}

  result<transfer_report> run();

private:
  result<transfer_report> attempt();
  result<snapshot_header> open_source();
  result<void> move_pieces();
  result<void> move_piece();
  result<piece_end> pass_on();
  result<void> flush_lot();
  result<void> pause_after(const failure& reason);
  void show() const { events_.on_progress(*meter_); }

  row_source& source_;
  row_target& target_;
  const transfer_options& options_;
  const transfer_events& events_;
  std::optional<snapshot_header> header_;
  std::optional<progress_meter> meter_;
  transfer_position position_;
  std::int64_t bytes_ = 0;
  int failures_ = 0;
  std::string lot_;
  std::int64_t rows_in_lot_ = 0;
};

/// Whether another attempt may do better. A connection that never was is more
/// likely misspelt than broken.
bool is_passing(const failure& reason, bool has_begun) {
  return reaction_to(reason.code) == reaction::retry
         && (has_begun || reason.code != errc::connection_lost);
}

result<transfer_report> undertaking::run() {
  for (;;) {
    auto done = attempt();
    source_.close();
    target_.close();
    if (done || !is_passing(done.error(), meter_.has_value()))
      return done;
    if (auto paused = pause_after(done.error()); !paused)
      return tl::unexpected(std::move(paused.error()));
  }
}

result<void> undertaking::pause_after(const failure& reason) {
  if (++failures_ > options_.retries) {
    auto last = reason;
    last.hint = "Run the same command again.";
    return tl::unexpected(std::move(last));
  }
  static std::mt19937_64 generator{std::random_device{}()};
  const auto random = std::uniform_real_distribution<>{}(generator);
  const auto delay = options_.delay.delay(failures_, random);
  events_.on_message(fmt::format("{}: attempt {} of {} in {:.1f} s",
                                 reason.message, failures_, options_.retries,
                                 static_cast<double>(delay.count()) / 1000));
  pollfd interrupt{options_.interrupt_fd, POLLIN, 0};
  if (poll(&interrupt, 1, static_cast<int>(delay.count())) > 0)
    return fail(errc::cancelled, "interrupted");
  return {};
}

result<snapshot_header> undertaking::open_source() {
  auto opened = source_.open();
  if (opened && header_ && header_->identity != opened->identity)
    return fail(errc::wrong_state,
                fmt::format("{} is not the snapshot any more that it was when "
                            "the transfer began",
                            opened->name.text()),
                "Run the command again with --restart.");
  return opened;
}

result<transfer_report> undertaking::attempt() {
  auto opened = open_source();
  if (!opened)
    return tl::unexpected(std::move(opened.error()));
  header_ = std::move(*opened);
  const auto there = target_.open(*header_);
  if (!there)
    return tl::unexpected(there.error());
  if (target_.is_complete()) {
    events_.on_message("the target has this snapshot already: checking it");
    return target_.finish();
  }
  position_ = *there;
  if (!meter_)
    meter_.emplace(header_->comment.row_count);
  meter_->begin(std::chrono::steady_clock::now(), position_.rows);
  if (position_.next > 0)
    events_.on_message(
      fmt::format("going on behind row {}", grouped(position_.rows)));
  show();
  return move_pieces()
    .and_then([&] {
      events_.on_message(fmt::format("{} rows are there: checking them",
                                     grouped(position_.rows)));
      return target_.finish();
    })
    .map([&](transfer_report report) {
      report.bytes = bytes_;
      return report;
    });
}

result<void> undertaking::move_pieces() {
  for (;;) {
    const auto more = source_.seek(position_.next);
    if (!more)
      return tl::unexpected(more.error());
    if (!*more)
      return {};
    if (auto moved = move_piece(); !moved)
      return moved;
  }
}

result<void> undertaking::move_piece() {
  lot_.clear();
  rows_in_lot_ = 0;
  if (auto begun = target_.begin_piece(); !begun)
    return begun;
  const auto read = pass_on();
  if (!read)
    return tl::unexpected(read.error());
  auto after = position_;
  after.next = read->next;
  after.rows += read->rows;
  if (auto kept = target_.end_piece(read->rows, after); !kept)
    return kept;
  position_ = after;
  failures_ = 0;
  // The lots are counted by messages, of which not each is a row.
  meter_->add(std::chrono::steady_clock::now(), after.rows - meter_->rows(), 0);
  show();
  return {};
}

result<piece_end> undertaking::pass_on() {
  auto read = source_.read([&](std::string_view data) -> result<void> {
    lot_ += data;
    ++rows_in_lot_;
    return lot_.size() < lot_size ? result<void>{} : flush_lot();
  });
  if (read)
    if (auto flushed = flush_lot(); !flushed)
      return tl::unexpected(std::move(flushed.error()));
  return read;
}

result<void> undertaking::flush_lot() {
  if (lot_.empty())
    return {};
  if (auto put = target_.put(lot_); !put)
    return put;
  const auto size = static_cast<std::int64_t>(lot_.size());
  bytes_ += size;
  meter_->add(std::chrono::steady_clock::now(), rows_in_lot_, size);
  lot_.clear();
  rows_in_lot_ = 0;
  show();
  return {};
}

} // namespace

result<transfer_report> transfer(row_source& source, row_target& target,
                                 const transfer_options& options,
                                 const transfer_events& events) {
  return undertaking{source, target, options, events}.run();
}

} // namespace pgtrickle::snapshot_transfer
