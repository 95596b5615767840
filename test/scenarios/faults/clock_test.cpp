#include "test/scenarios/faults/follower.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

namespace pgtrickle::test {

namespace {

const std::string library
  = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// A clock on the wall that is off by what `set` says, for the program that is
/// started by `starter`; its monotonic clock is right.
class false_clock {
public:
  false_clock() { set("+0"); }

  [[nodiscard]] std::vector<std::string> starter() const {
    return {"env", "LD_PRELOAD=" + library, "FAKETIME_TIMESTAMP_FILE=" + file(),
            "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"};
  }
  void set(const std::string& offset) const {
    std::ofstream(file()) << offset << '\n';
  }

private:
  [[nodiscard]] std::string file() const { return dir_.path() / "offset"; }
  private_directory dir_;
};

} // namespace

TEST_CASE("an hour's jump of the daemon's clock, there and back, is noticed by "
          "no schedule"
          * doctest::skip(!std::filesystem::exists(library))) {
  scenario s;
  s.all.daemon.kill();
  const false_clock clock;
  s.all.daemon.start(clock.starter());
  REQUIRE(eventually(20s, [&] { return s.all.serves(); }));
  create_copy(s, "base");
  must(s.db, "SELECT pgtrickle.create_stream_table('hourly', 'SELECT a FROM "
             "base', '@hourly')");
  for (const auto* offset : {"+3600", "-3600", "+0"}) {
    CAPTURE(offset);
    clock.set(offset);
    const auto before = std::stol(
      s.admin.run("SELECT count(*) FROM pgtrickle.pgt_refresh_history")
        .value());
    CHECK(copy_follows(s, "base", 5s));
    CHECK(copy_follows(s, "base", 5s));
    const auto after = std::stol(
      s.admin.run("SELECT count(*) FROM pgtrickle.pgt_refresh_history")
        .value());
    CHECK(after - before <= 6);
    CHECK(s.all.serves());
  }
  CHECK(s.admin
          .run("SELECT count(*) FROM pgtrickle.pgt_refresh_history WHERE "
               "end_time < start_time OR abs(extract(epoch FROM start_time - "
               "now())) > 600")
          .value()
        == "0");
  s.all.daemon.kill();
}

} // namespace pgtrickle::test
