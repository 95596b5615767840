#include "services/snapshot_transfer/progress.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::snapshot_transfer;
using namespace std::chrono_literals;

namespace {

constexpr progress_meter::time_point start{};

/// Half of two million rows, at 100,000 rows and 10 MB a second.
progress_meter half_way() {
  progress_meter meter{2'000'000};
  meter.begin(start, 0);
  for (int second = 1; second <= 10; ++second)
    meter.add(start + std::chrono::seconds{second}, 100'000, 10'000'000);
  return meter;
}

} // namespace

TEST_CASE("progress tells share, rows, rate and remaining time") {
  CHECK(progress_text(half_way())
        == "50 %, 1,000,000 of 2,000,000 rows, 10.0 MB/s, 0:10 left");
}

TEST_CASE("a bar fills what room the text leaves") {
  const auto meter = half_way();
  const auto text = progress_text(meter);
  CHECK(progress_bar(meter, text.size() + 23)
        == "[==========          ] " + text);
  CHECK(progress_bar(meter, 200)
        == "[" + std::string(10, '=') + std::string(10, ' ') + "] " + text);
  CHECK(progress_bar(meter, 20) == text.substr(0, 20));
}

TEST_CASE("rows of an earlier run count as done but not for the rate") {
  progress_meter meter{1000};
  meter.begin(start, 900);
  meter.add(start + 1s, 10, 100);
  CHECK(meter.rows() == 910);
  CHECK(meter.bytes_per_second() == doctest::Approx(100));
  CHECK(meter.remaining() == 9s);
}

TEST_CASE("the rate forgets what is longer ago than the window") {
  progress_meter meter{1'000'000};
  meter.begin(start, 0);
  meter.add(start + 1s, 100'000, 100'000'000);
  for (int second = 2; second <= 30; ++second)
    meter.add(start + std::chrono::seconds{second}, 10, 1000);
  CHECK(meter.bytes_per_second() == doctest::Approx(1000));
}

TEST_CASE("nothing is foretold before there is a rate") {
  progress_meter meter{10};
  CHECK(!meter.remaining());
  meter.begin(start, 0);
  CHECK(!meter.remaining());
  CHECK(progress_text(meter) == "0 %, 0 of 10 rows, 0 B/s");
}

TEST_CASE("a snapshot without rows is done from the beginning") {
  progress_meter meter{0};
  meter.begin(start, 0);
  CHECK(progress_text(meter) == "100 %, 0 of 0 rows, 0 B/s");
}

TEST_CASE("more rows than were announced are no more than all") {
  progress_meter meter{10};
  meter.begin(start, 0);
  meter.add(start + 1s, 20, 1);
  CHECK(meter.done() == 1);
  CHECK(meter.remaining() == 0s);
}

TEST_CASE("numbers are grouped by three digits") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(-1234567) == "-1,234,567");
}

TEST_CASE("amounts have the unit that leaves up to three digits") {
  CHECK(amount_of(999) == "999 B");
  CHECK(amount_of(1000) == "1.0 kB");
  CHECK(amount_of(999'960) == "1.0 MB");
  CHECK(amount_of(45'200'000) == "45.2 MB");
  CHECK(amount_of(5e15) == "5000.0 TB");
}

TEST_CASE("durations have hours only where there are some") {
  CHECK(clock_text(0s) == "0:00");
  CHECK(clock_text(75s) == "1:15");
  CHECK(clock_text(3723s) == "1:02:03");
}
