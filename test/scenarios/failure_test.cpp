#include "test/scenarios/installation.hpp"
#include "test/support/nats_client.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("a stream table that keeps failing is suspended, with an alert") {
  scenario s;
  nats_client bus{s.all.nats.url()};
  auto alerts = bus.subscribe("pgtrickle.v1.*.*.alert.stream_table_suspended");
  auto listener = s.connect();
  must(listener, "LISTEN pg_trickle_alert");
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('inverse',"
             " 'SELECT 1 / a AS x FROM base', '1s')");
  must(s.db, "INSERT INTO base VALUES (0)");

  const auto status = [&](const std::string& column) {
    return s.db
      .run("SELECT " + column
           + " FROM pgtrickle.pgt_status()"
             " WHERE name LIKE '"
           + s.schema + ".%'")
      .value();
  };
  CHECK(eventually(30s, [&] { return status("status") == "ERROR"; }));
  CHECK(status("consecutive_errors") == "5");
  CHECK(status("last_error_message") == "division by zero");
  CHECK(s.db
          .run("SELECT count(*) FROM pgtrickle.get_refresh_history('inverse')"
               " WHERE status = 'FAILED'"
               " AND error_message = 'division by zero'")
          .value()
        == "5");
  // Each attempt waited longer than the one before: 1, 2, 4 and 8 seconds, by
  // a fifth more or less.
  CHECK(s.db
          .run("SELECT bool_and(gap > wait) FROM (SELECT"
               " extract(epoch FROM start_time - lag(start_time)"
               "   OVER (ORDER BY start_time)) AS gap,"
               " 0.7 * 2 ^ (row_number() OVER (ORDER BY start_time) - 2)"
               "   AS wait"
               " FROM pgtrickle.get_refresh_history('inverse')"
               " WHERE status = 'FAILED') AS attempts")
          .value()
        == "t");
  CHECK(s.db.run("SELECT count(*) FROM inverse").value() == "1");

  CHECK(listener.wait_for_notification(5s) == "pg_trickle_alert");
  const auto alert = alerts.next(5s);
  REQUIRE(alert);
  CHECK(alert->payload.find("inverse") != std::string::npos);
  CHECK(alert->payload.find("division by zero") != std::string::npos);
  CHECK_FALSE(alert->id.empty());
  CHECK(eventually(5s, [&] {
    return s.admin
             .run("SELECT count(*) FROM pgtrickle.pgt_alerts"
                  " WHERE event = 'stream_table_suspended'"
                  " AND payload ->> 'stream_table' = '"
                  + s.schema + ".inverse' AND published_at IS NOT NULL")
             .value()
           == "1";
  }));

  must(s.db, "DELETE FROM base WHERE a = 0");
  CHECK(s.db.run("SELECT pgtrickle.refresh_stream_table('inverse')").sqlstate
        == "55000");
  must(s.db, "SELECT pgtrickle.resume_stream_table('inverse')");
  must(s.db, "INSERT INTO base VALUES (2)");
  CHECK(comes_true(s.admin, "inverse"));
  CHECK(status("status") == "ACTIVE");
  CHECK(status("consecutive_errors") == "0");
}

TEST_CASE("one failing stream table does not hold up its neighbours") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('inverse',"
             " 'SELECT 1 / a AS x FROM base', '1s')");
  must(s.db, "SELECT pgtrickle.create_stream_table('same',"
             " 'SELECT a FROM base', '1s')");
  must(s.db, "SELECT pgtrickle.create_stream_table('above',"
             " 'SELECT a FROM same', '1s')");
  must(s.db, "INSERT INTO base VALUES (0)");
  CHECK(eventually(
    6s, [&] { return s.db.run("SELECT count(*) FROM above").value() == "2"; }));
  CHECK(holds(s.admin, "same"));
  CHECK(s.db.run("SELECT count(*) FROM inverse").value() == "1");
}

} // namespace pgtrickle::test
