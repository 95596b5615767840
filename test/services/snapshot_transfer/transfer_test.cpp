#include "services/snapshot_transfer/transfer.hpp"

#include <doctest/doctest.h>

#include <array>
#include <unistd.h>
#include <vector>

using namespace pgtrickle;
using namespace pgtrickle::snapshot_transfer;
using namespace std::chrono_literals;

namespace {

/// Four pieces, "0" to "3", of one row each. It fails in the pieces that
/// `broken` names, once for each time that a piece is in there.
struct played_source : row_source {
  std::vector<std::int64_t> broken;
  std::string identity = "same";
  errc code = errc::connection_lost;
  int opened = 0;
  std::int64_t next_ = 0;

  result<snapshot_header> open() override {
    ++opened;
    snapshot_header header;
    header.identity = identity;
    header.comment.row_count = 4;
    return header;
  }
  result<bool> seek(std::int64_t next) override {
    next_ = next;
    return next < 4;
  }
  result<piece_end> read(const byte_sink& sink) override {
    if (auto taken = sink(std::to_string(next_)); !taken)
      return tl::unexpected(taken.error());
    if (!broken.empty() && broken.front() == next_) {
      broken.erase(broken.begin());
      return fail(code, "the source broke");
    }
    return piece_end{next_ + 1, 1};
  }
  void close() override {}
};

struct played_target : row_target {
  std::string kept;
  std::string piece;
  transfer_position position;
  bool has_all = false;
  bool is_finished = false;

  result<transfer_position> open(const snapshot_header&) override {
    return position;
  }
  bool is_complete() const override { return has_all; }
  result<void> begin_piece() override {
    piece.clear();
    return {};
  }
  result<void> put(std::string_view data) override {
    piece += data;
    return {};
  }
  result<void> end_piece(std::int64_t,
                         const transfer_position& after) override {
    kept += piece;
    position = after;
    return {};
  }
  result<transfer_report> finish() override {
    is_finished = true;
    return transfer_report{};
  }
  void close() override {}
};

struct stage {
  played_source source;
  played_target target;
  transfer_options options{3, {1ms, 2ms, 0.3}, -1};
  std::vector<std::string> messages;

  result<transfer_report> run() {
    return transfer(source, target, options,
                    {[](const auto&) {},
                     [this](const auto& text) { messages.push_back(text); }});
  }
};

} // namespace

TEST_CASE("a transfer moves every piece once") {
  stage s;
  const auto done = s.run();
  REQUIRE(done);
  CHECK(s.target.kept == "0123");
  CHECK(s.target.is_finished);
  CHECK(done->bytes == 4);
}

TEST_CASE("a broken piece is moved again over a new connection") {
  stage s;
  s.source.broken = {0, 2, 2, 3};
  REQUIRE(s.run());
  CHECK(s.target.kept == "0123");
  CHECK(s.source.opened == 5);
  REQUIRE(s.messages.size() > 2);
  CHECK(s.messages[0].find("the source broke: attempt 1 of 3 in 0.0 s") == 0);
  CHECK(s.messages[1].find("the source broke: attempt 1 of 3") == 0);
  CHECK(s.messages[2] == "going on behind row 2");
  CHECK(s.messages[3].find("the source broke: attempt 2 of 3") == 0);
}

TEST_CASE(
  "a transfer gives up after as many failures in a row as it may have") {
  stage s;
  s.source.broken = {2, 2, 2, 2};
  const auto done = s.run();
  REQUIRE(!done);
  CHECK(done.error().code == errc::connection_lost);
  CHECK(done.error().hint.find("again") != std::string::npos);
  CHECK(s.target.kept == "01");
  CHECK(!s.target.is_finished);
}

TEST_CASE("what another attempt can't mend ends a transfer at once") {
  stage s;
  s.source.broken = {1};
  s.source.code = errc::permission_denied;
  REQUIRE(!s.run());
  CHECK(s.source.opened == 1);
}

TEST_CASE("a transfer goes on only with the same snapshot") {
  struct exchanged : played_source {
    result<snapshot_header> open() override {
      identity = opened == 0 ? "one" : "another";
      return played_source::open();
    }
  } source;
  source.broken = {1};
  played_target target;
  const auto done = transfer(source, target, {3, {1ms, 2ms, 0.3}, -1},
                             {[](const auto&) {}, [](const auto&) {}});
  REQUIRE(!done);
  CHECK(done.error().code == errc::wrong_state);
}

TEST_CASE("a transfer begins where the target stands") {
  stage s;
  s.target.position = {3, 3};
  REQUIRE(s.run());
  CHECK(s.target.kept == "3");
}

TEST_CASE("what is there already is checked and not moved") {
  stage s;
  s.target.has_all = true;
  REQUIRE(s.run());
  CHECK(s.target.kept.empty());
  CHECK(s.target.is_finished);
}

TEST_CASE("an interruption ends a pause") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  REQUIRE(write(ends[1], "x", 1) == 1);
  stage s;
  s.source.broken = {1};
  s.options.delay = {10min, 10min, 0};
  s.options.interrupt_fd = ends[0];
  const auto done = s.run();
  REQUIRE(!done);
  CHECK(done.error().code == errc::cancelled);
  close(ends[0]);
  close(ends[1]);
}
