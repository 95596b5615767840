#include "services/coordination/lag_ledger.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const lag_ledger::time_point start{std::chrono::hours{1000}};

lag_ledger::late_table late(std::int64_t id, lag_ledger::time_point data_of) {
  return {stream_table_id{id}, data_of, {}};
}

lag_ledger::late_table targeted(std::int64_t id, lag_ledger::time_point data_of,
                                std::chrono::milliseconds target) {
  return {stream_table_id{id}, data_of, target};
}

} // namespace

TEST_CASE("a table is behind since it was last seen to be up to date") {
  lag_ledger ledger;
  CHECK(ledger.look({}, 0, start).worst == 0ms);
  const auto old = start - 1h;
  CHECK(ledger.look({late(1, old)}, 0, start + 1s).worst == 1s);
  CHECK(ledger.look({late(1, old)}, 0, start + 5s).worst == 5s);
  CHECK(ledger.look({}, 0, start + 6s).worst == 0ms);
  CHECK(ledger.look({late(1, old)}, 0, start + 7s).worst == 1s);
}

TEST_CASE("what was seen to be up to date is not behind since an older look") {
  lag_ledger ledger;
  CHECK(ledger.look({}, 0, start).worst == 0ms);
  ledger.all_fresh(start + 20s);
  CHECK(ledger.look({late(1, start - 1h)}, 0, start + 21s).worst == 1s);
  ledger.all_fresh(start + 30s);
  CHECK(ledger.look({late(1, start - 1h)}, 0, start + 31s).worst == 1s);
}

TEST_CASE("a refresh that leaves changes behind makes its table younger") {
  lag_ledger ledger;
  CHECK(ledger.look({late(1, start - 1h)}, 0, start).worst == 1h);
  CHECK(ledger.look({late(1, start + 4s)}, 0, start + 5s).worst == 1s);
}

TEST_CASE("the worst of several counts, and a clock that goes back does not") {
  lag_ledger ledger;
  CHECK(ledger.look({late(1, start - 2s), late(2, start - 3s)}, 0, start).worst
        == 3s);
  CHECK(ledger.look({late(1, start)}, 0, start - 1min).worst == 0ms);
}

TEST_CASE("of those that have a target lag each one's lag is told") {
  const auto lags = lag_ledger{}.look(
    {late(1, start - 2s), targeted(2, start - 3s, 10s)}, 1, start);
  CHECK(lags.targeted
        == std::map<stream_table_id, std::chrono::milliseconds>{
          {stream_table_id{2}, 3s}});
}

TEST_CASE("the share of the target lag counts those that are up to date too") {
  std::vector<lag_ledger::late_table> tables;
  for (int i = 0; i < 5; ++i)
    tables.push_back(targeted(i, start - 10s * (i + 1), 10s));
  // Of 100 tables, the 95th is the sixth from the top.
  CHECK(lag_ledger{}.look(tables, 100, start).share_p95 == 0);
  CHECK(lag_ledger{}.look(tables, 99, start).share_p95 == doctest::Approx(1));
  CHECK(lag_ledger{}.look(tables, 5, start).share_p95 == doctest::Approx(5));
  CHECK(lag_ledger{}.look({}, 0, start).share_p95 == 0);
}
