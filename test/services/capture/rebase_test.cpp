#include "services/capture/rebase.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace pgtrickle;

namespace {

unseen_transactions beyond(const std::string& snapshot,
                           std::optional<std::string> own = {}) {
  const auto found = unseen_by({snapshot, std::move(own)});
  REQUIRE(found);
  return *found;
}

/// The class that a change of the former transaction `xid` gets.
std::optional<std::size_t> class_of(std::uint64_t xid,
                                    const classification& divided) {
  for (const auto& range : divided.ranges)
    if (xid >= range.from && (!range.to || xid < *range.to))
      return range.in_class;
  return std::nullopt;
}

} // namespace

TEST_CASE("what lies beyond a frontier is read from its snapshot") {
  CHECK(beyond("10:20:12,15", "30") == unseen_transactions{20, {12, 15}, 30});
  CHECK(beyond("10:10:") == unseen_transactions{10, {}, {}});
  CHECK_FALSE(unseen_by({"", {}}));
  CHECK_FALSE(unseen_by({"10", {}}));
  CHECK_FALSE(unseen_by({"10:x:", {}}));
  CHECK_FALSE(unseen_by({"10:20:1,y", {}}));
  CHECK_FALSE(unseen_by({"10:20:", "z"}));
}

TEST_CASE("nested frontiers make a class for each step") {
  const auto divided = classify({beyond("10:10:"), beyond("30:30:")});
  CHECK(divided.classes == std::vector<change_class>{{{0, 1}}, {{0}}});
  CHECK(divided.ranges == std::vector<xid_range>{{10, 30, 1}, {30, {}, 0}});
}

TEST_CASE("open and own transactions are told apart from their neighbours") {
  const auto divided = classify({beyond("10:20:12", "25"), beyond("20:20:")});
  CHECK(class_of(11, divided) == std::nullopt);
  CHECK(divided.classes.at(class_of(12, divided).value()).readers
        == std::set<std::size_t>{0});
  CHECK(class_of(13, divided) == std::nullopt);
  CHECK(class_of(24, divided) == 0);
  CHECK(divided.classes.at(class_of(25, divided).value()).readers
        == std::set<std::size_t>{1});
  CHECK(class_of(26, divided) == 0);
}

TEST_CASE("without a frontier there is the class of what everybody sees, and "
          "nothing to keep") {
  const auto divided = classify({});
  CHECK(divided.classes.size() == 1);
  CHECK(divided.ranges.empty());
}

TEST_CASE("a frontier may leave out transactions that its snapshot sees") {
  CHECK(without("900:1000:900,950", {}) == frontier{"900:1000:900,950", {}});
  CHECK(without("900:1000:900,950", {800, 960})
        == frontier{"800:1000:800,900,950,960", {}});
  CHECK(without("1000:1000:", {990}) == frontier{"990:1000:990", {}});
}

TEST_CASE("each rebased frontier sees of each former change what the former "
          "one saw, however they lie to each other") {
  std::minstd_rand random{7};
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  for (int round = 0; round < 500; ++round) {
    std::vector<unseen_transactions> frontiers(1 + below(4));
    for (auto& frontier : frontiers) {
      frontier.later = 100 + below(20);
      for (auto open = below(4); open > 0; --open)
        frontier.open.insert(90 + below(frontier.later - 90));
      if (below(2) == 0)
        frontier.own = 100 + below(25);
    }
    const auto divided = classify(frontiers);
    // the new cluster's transactions: 5000 for the first class, and so on
    for (std::size_t reader = 0; reader < frontiers.size(); ++reader) {
      std::set<std::uint64_t> unseen;
      for (std::size_t i = 0; i < divided.classes.size(); ++i)
        if (divided.classes[i].readers.contains(reader))
          unseen.insert(5000 + i);
      const auto rebased = unseen_by(without("5090:5100:5090", unseen)).value();
      CHECK(rebased.contains(5000)); // written since
      CHECK(rebased.contains(5090)); // under way
      CHECK(rebased.contains(5100)); // to come
      for (std::uint64_t xid = 80; xid < 130; ++xid) {
        const auto found = class_of(xid, divided);
        CHECK(frontiers[reader].contains(xid)
              == (found && rebased.contains(5000 + *found)));
      }
    }
  }
}
