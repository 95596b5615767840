#include "services/coordination/call_ledger.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const call_ledger::time_point start{};

call_ledger::entry call(const std::string& id,
                        call_ledger::time_point deadline = start + 1h) {
  return {id, "_INBOX." + id, 5, "ping", start, deadline};
}

} // namespace

TEST_CASE("a call is alive each second until it is settled") {
  call_ledger ledger;
  REQUIRE(ledger.admit(call("a"), start));
  CHECK(ledger.take_due(start + 999ms).alive.empty());
  CHECK(ledger.take_due(start + 1s).alive.size() == 1);
  CHECK(ledger.take_due(start + 1500ms).alive.empty());
  CHECK(ledger.settle("a")->reply_to == "_INBOX.a");
  CHECK_FALSE(ledger.settle("a"));
  CHECK(ledger.take_due(start + 3s).alive.empty());
}

TEST_CASE("a call whose time is up leaves the ledger") {
  call_ledger ledger;
  REQUIRE(ledger.admit(call("a", start + 2s), start));
  CHECK(ledger.take_due(start + 1999ms).expired.empty());
  CHECK(ledger.take_due(start + 2s).expired.size() == 1);
  CHECK(ledger.empty());
}

TEST_CASE("too many calls at a time are refused") {
  call_ledger ledger;
  for (std::size_t i = 0; i < call_ledger::max_calls; ++i)
    REQUIRE(ledger.admit(call(std::to_string(i)), start));
  const auto more = ledger.admit(call("more"), start);
  REQUIRE_FALSE(more);
  CHECK(more.error().state() == "53000");
  CHECK_FALSE(more.error().hint.empty());
  static_cast<void>(ledger.settle("0"));
  CHECK(ledger.admit(call("more"), start));
  CHECK_FALSE(ledger.admit(call("more"), start));
}

TEST_CASE("the calls of a database leave together") {
  call_ledger ledger;
  REQUIRE(ledger.admit(call("a"), start));
  auto other = call("b");
  other.database = 6;
  REQUIRE(ledger.admit(other, start));
  CHECK(ledger.take_all_of(5).size() == 1);
  CHECK(ledger.size() == 1);
}
