#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace pgtrickle::snapshot_transfer {

/// How far a transfer is, how fast, and how long it will take. Time is always
/// an argument.
class progress_meter {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Rates are those of this last time.
  static constexpr std::chrono::seconds window{10};

  explicit progress_meter(std::int64_t total_rows) : total_(total_rows) {}

  /// A connection begins at `rows`: what was there before has no rate.
  void begin(time_point now, std::int64_t rows);

  /// Since then so many more have passed.
  void add(time_point now, std::int64_t rows, std::int64_t bytes);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t total() const { return total_; }

  /// From 0 to 1.
  [[nodiscard]] double done() const;

  [[nodiscard]] double bytes_per_second() const;

  /// Nothing: it can't be told yet.
  [[nodiscard]] std::optional<std::chrono::seconds> remaining() const;

private:
  struct sample {
    time_point at;
    std::int64_t rows;
    std::int64_t bytes;
  };
  [[nodiscard]] double seconds_sampled() const;

  std::int64_t total_;
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
  std::deque<sample> samples_;
};

/// "1,234,567"
[[nodiscard]] std::string grouped(std::int64_t number);

/// "45.2 MB", in powers of ten.
[[nodiscard]] std::string amount_of(double bytes);

/// "1:02:03", or "2:03" below an hour.
[[nodiscard]] std::string clock_text(std::chrono::seconds duration);

/// "61 %, 1,234,567 of 2,000,000 rows, 45.2 MB/s, 0:12 left"
[[nodiscard]] std::string progress_text(const progress_meter& meter);

/// The same behind a bar, in at most `width` columns.
[[nodiscard]] std::string progress_bar(const progress_meter& meter,
                                       std::size_t width);

} // namespace pgtrickle::snapshot_transfer
