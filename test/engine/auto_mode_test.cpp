#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

constexpr const char* query = "SELECT id, slow(v) AS v FROM item";

/// Each negative value takes a few milliseconds to compute, wherever it
/// appears: in a recomputation once for each row, in a delta once for each
/// change.
struct paced : test::stream_database {
  paced() {
    sql("CREATE FUNCTION slow(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
        "'BEGIN IF v < 0 THEN PERFORM pg_sleep(0.003); END IF; RETURN v; END'; "
        "CREATE TABLE item (id int PRIMARY KEY, v int);"
        "INSERT INTO item SELECT i, -1 FROM generate_series(1, 20) i");
  }

  std::string refreshed_after(const std::string& change) {
    sql(change);
    const auto outcome = refresh({id}).at(0);
    REQUIRE(difference("kept", query) == 0);
    return outcome.action;
  }

  /// Of ten refreshes, those that are `action`.
  int count(const std::string& action, const std::string& change) {
    int found = 0;
    for (int i = 0; i < 10; ++i)
      found += refreshed_after(change) == action ? 1 : 0;
    return found;
  }

  stream_table_id id{};
};

constexpr const char* all = "UPDATE item SET v = v - 1";
constexpr const char* one = "UPDATE item SET v = v - 1 WHERE id = 1";

} // namespace

TEST_CASE_FIXTURE(paced, "AUTO takes the faster way for each size of change") {
  id = create("kept", query, "AUTO");
  CHECK(refreshed_after(all) == "DIFFERENTIAL");
  CHECK(count("FULL", all) >= 8);
  CHECK(count("DIFFERENTIAL", one) >= 9);
  CHECK(count("FULL", all) >= 9);
  const auto reason = sql("SELECT reason FROM pgtrickle.pgt_refresh_history "
                          "WHERE action = 'FULL' ORDER BY refresh_id DESC "
                          "LIMIT 1")[0][0]
                        .as<std::string>();
  CHECK(reason.starts_with("expected: FULL "));
}

TEST_CASE_FIXTURE(paced, "AUTO comes back to the way that has become faster") {
  sql("INSERT INTO item SELECT i, -1 FROM generate_series(21, 30) i");
  id = create("kept", query, "AUTO");
  const std::string some = "UPDATE item SET v = v - 1 WHERE id <= 20";
  CHECK(count("FULL", some) >= 7);
  set("pg_trickle.auto_trial_ratio", "0.5");
  // What changes costs nothing from here on, what stays does.
  sql("UPDATE item SET v = 0 WHERE id <= 20");
  const std::string fast = "UPDATE item SET v = v + 1 WHERE id <= 20";
  int rounds = 0;
  while (refreshed_after(fast) == "FULL" && rounds < 60)
    ++rounds;
  CHECK(rounds < 60);
  set("pg_trickle.auto_trial_ratio", "0");
  CHECK(count("DIFFERENTIAL", fast) >= 8);
}

TEST_CASE_FIXTURE(paced, "explain_st tells what AUTO has learnt") {
  id = create("kept", query, "AUTO");
  for (int i = 0; i < 3; ++i)
    (void)refreshed_after(one);
  const auto told = engine::explain_stream_table(session(), owner(), "kept");
  REQUIRE(told);
  CHECK(told->find("\"cost_model\"") != std::string::npos);
  CHECK(told->find("for each 1000 changes (seen up to 2), FULL ")
        != std::string::npos);
  CHECK(told->find("DIFFERENTIAL of 2 changes: ") != std::string::npos);
}
