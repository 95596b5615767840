#include "services/core/alerts.hpp"

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// A stream table whose next refresh fails with an error that quotes `text`.
struct failing : test::stream_database {
  void fail_on(const std::string& text) {
    sql("CREATE TABLE word (a text)");
    const auto id = create("number", "SELECT a::int AS n FROM word");
    sql("INSERT INTO word VALUES (" + text + ")");
    engine::refresher_session refresher{
      postgres::session::open({.conninfo = conninfo()}).value()};
    const auto outcomes
      = refresher.run({{id}, engine::initiator::scheduler}, {});
    REQUIRE(outcomes);
    REQUIRE(outcomes->at(0).error);
  }
};

} // namespace

TEST_CASE_FIXTURE(failing, "an alert has the keys that its declaration names") {
  fail_on("'x'");
  const auto alert
    = sql("SELECT event, (SELECT string_agg(key, ', ' ORDER BY key)"
          " FROM jsonb_object_keys(payload) key) FROM pgtrickle.pgt_alerts")[0];
  CHECK(alert[0].as<std::string>() == "refresh_failed");
  const std::string declared{alert_descriptions()[0].keys};
  CHECK(alert[1].as<std::string>()
        == sql("SELECT string_agg(key, ', ' ORDER BY key) FROM"
               " string_to_table('event, "
               + declared + "', ', ') key")[0][0]
             .as<std::string>());
}

TEST_CASE_FIXTURE(failing,
                  "an error too long for a notification is recorded whole") {
  fail_on("repeat('x', 9000)");
  const auto row
    = sql("SELECT consecutive_errors, length(last_error_message) > 9000,"
          " (SELECT count(*) FROM pgtrickle.pgt_refresh_history"
          "  WHERE status = 'RUNNING'),"
          " (SELECT length(payload ->> 'error') > 9000"
          "  FROM pgtrickle.pgt_alerts)"
          " FROM pgtrickle.pgt_stream_tables")[0];
  CHECK(row[0].as<int>() == 1);
  CHECK(row[1].as<bool>());
  CHECK(row[2].as<int>() == 0);
  CHECK(row[3].as<bool>());
}
