#include "services/dashboard/statement_log.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

using dashboard::purpose_of;
using dashboard::statement_log;
using nlohmann::json;

namespace {

constexpr stream_table_id first{1};

dashboard::traced_refresh refresh_at(int second) {
  return {std::chrono::system_clock::time_point{std::chrono::seconds{second}},
          "DIFFERENTIAL", std::chrono::microseconds{2500},
          R"([{"does":"stage","name":"pgt_7_2_top_rows","us":1500,"rows":3,)"
          R"("times":2}])"};
}

} // namespace

TEST_CASE("the last refresh is told by statement") {
  statement_log log;
  CHECK(log.of("app", first) == nullptr);
  log.keep("app", first, refresh_at(1));
  log.keep("app", first, refresh_at(2));
  CHECK(log.of("app", first) == json::parse(R"({
    "ended_at": "1970-01-01T00:00:02.000Z", "action": "DIFFERENTIAL",
    "duration_ms": 2.5, "statements": [
      {"does": "stage", "what": "top rows", "ms": 1.5, "rows": 3, "times": 2}]})"));
  CHECK(log.of("else", first) == nullptr);
}

TEST_CASE("a statement is told by what it is for") {
  CHECK(purpose_of("pgt_12_3_join") == "join");
  CHECK(purpose_of("pg_temp_4.pgt_12_3_first_rows") == "first rows");
  CHECK(purpose_of("pgtrickle_state.groups_12_4") == "arrangement groups");
  CHECK(purpose_of(R"(shop."pgt_1_2_x")") == R"(shop."pgt_1_2_x")");
  CHECK(purpose_of("").empty());
}

TEST_CASE("what is kept of refreshes does not grow without end") {
  statement_log log;
  const auto all = static_cast<int>(statement_log::most_refreshes) + 1;
  for (int n = 1; n <= all; ++n)
    log.keep("app", stream_table_id{n}, refresh_at(n));
  CHECK(log.of("app", first) == nullptr);
  CHECK(log.of("app", stream_table_id{2}) != nullptr);
  CHECK(log.of("app", stream_table_id{all}) != nullptr);
}

} // namespace pgtrickle::test
