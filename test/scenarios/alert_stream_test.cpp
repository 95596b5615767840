#include "test/scenarios/installation.hpp"
#include "test/support/kept_alerts.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("alerts are kept in order and once, though NATS and the daemon die "
          "meanwhile") {
  scenario s;
  // A transaction for each, as the daemon writes them.
  const auto write = [&](int from, int to) {
    must(s.admin, "DO $$ BEGIN FOR i IN " + std::to_string(from) + ".."
                    + std::to_string(to)
                    + " LOOP INSERT INTO pgtrickle.pgt_alerts"
                      " (event, pgt_id, payload) VALUES ('order_test', i % 5,"
                      " jsonb_build_object('event', 'order_test', 'n', i));"
                      " PERFORM pg_notify('pg_trickle_alert', '{}'); COMMIT;"
                      " END LOOP; END $$");
  };
  const std::string of_test = " FROM pgtrickle.pgt_alerts"
                              " WHERE event = 'order_test'";
  const auto published = [&] {
    return std::stoi(
      s.admin.run("SELECT count(published_at)" + of_test).value());
  };
  write(1, 150);
  CHECK(eventually(20s, [&] { return published() >= 50; }));
  s.all.nats.stop();
  write(151, 300);
  s.all.nats.start();
  CHECK(eventually(30s, [&] { return published() >= 151; }));
  s.all.daemon.kill();
  write(301, 400);
  s.all.repair();
  CHECK(eventually(30s, [&] { return published() == 400; }));
  const auto ids = s.admin.run(
    "SELECT format('%s-%s-%s', system_identifier, d.oid, alert_id)"
    " FROM pgtrickle.pgt_alerts, pg_control_system(), pg_database d"
    " WHERE event = 'order_test' AND datname = current_database()"
    " ORDER BY alert_id");
  std::vector<std::string> expected;
  for (const auto& row : ids.rows)
    expected.push_back(row[0]);
  CHECK(kept_alerts(s.all.nats.url(), "pgtrickle.v1.*.*.alert.order_test")
        == expected);
  must(s.admin, "DELETE" + of_test);
}

} // namespace pgtrickle::test
