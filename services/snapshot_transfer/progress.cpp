#include "services/snapshot_transfer/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace pgtrickle::snapshot_transfer {

namespace {

constexpr std::size_t widest_bar = 20;
constexpr std::size_t narrowest_bar = 10;
/// Samples that are closer than this are one.
constexpr std::chrono::milliseconds grain{100};

} // namespace

void progress_meter::begin(time_point now, std::int64_t rows) {
  rows_ = rows;
  bytes_ = 0;
  samples_ = {{now, rows_, bytes_}};
}

void progress_meter::add(time_point now, std::int64_t rows,
                         std::int64_t bytes) {
  rows_ += rows;
  bytes_ += bytes;
  if (samples_.size() > 1 && now - samples_[samples_.size() - 2].at < grain)
    samples_.pop_back();
  samples_.push_back({now, rows_, bytes_});
  while (samples_.size() > 2 && now - samples_[1].at >= window)
    samples_.pop_front();
}

double progress_meter::done() const {
  if (total_ <= 0)
    return 1;
  return std::min(1.0,
                  static_cast<double>(rows_) / static_cast<double>(total_));
}

double progress_meter::seconds_sampled() const {
  if (samples_.size() < 2)
    return 0;
  return std::chrono::duration<double>(samples_.back().at - samples_.front().at)
    .count();
}

double progress_meter::bytes_per_second() const {
  const auto seconds = seconds_sampled();
  if (seconds <= 0)
    return 0;
  return static_cast<double>(samples_.back().bytes - samples_.front().bytes)
         / seconds;
}

std::optional<std::chrono::seconds> progress_meter::remaining() const {
  const auto seconds = seconds_sampled();
  if (seconds <= 0 || samples_.back().rows <= samples_.front().rows)
    return std::nullopt;
  const auto rows_per_second
    = static_cast<double>(samples_.back().rows - samples_.front().rows)
      / seconds;
  const auto rest
    = static_cast<double>(std::max<std::int64_t>(total_ - rows_, 0));
  return std::chrono::seconds{std::llround(rest / rows_per_second)};
}

std::string grouped(std::int64_t number) {
  auto digits = std::to_string(std::abs(number));
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0;
       place -= 3)
    digits.insert(static_cast<std::size_t>(place), 1, ',');
  return (number < 0 ? "-" : "") + digits;
}

std::string amount_of(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 999.95 && unit + 1 < units.size(); ++unit)
    bytes /= 1000;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

std::string clock_text(std::chrono::seconds duration) {
  const auto all = duration.count();
  if (all < 3600)
    return fmt::format("{}:{:02}", all / 60, all % 60);
  return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
}

std::string progress_text(const progress_meter& meter) {
  // 100 % is said of what is complete.
  auto text
    = fmt::format("{} %, {} of {} rows, {}/s",
                  static_cast<int>(meter.done() * 100), grouped(meter.rows()),
                  grouped(meter.total()), amount_of(meter.bytes_per_second()));
  if (const auto rest = meter.remaining())
    text += fmt::format(", {} left", clock_text(*rest));
  return text;
}

std::string progress_bar(const progress_meter& meter, std::size_t width) {
  auto text = progress_text(meter);
  // Two brackets and a blank.
  constexpr std::size_t frame = 3;
  if (text.size() + frame + narrowest_bar > width)
    return text.substr(0, width);
  const auto room = std::min(width - text.size() - frame, widest_bar);
  const auto filled
    = static_cast<std::size_t>(meter.done() * static_cast<double>(room));
  return fmt::format("[{}{}] {}", std::string(filled, '='),
                     std::string(room - filled, ' '), text);
}

} // namespace pgtrickle::snapshot_transfer
