#include "test/plans/plan_database.hpp"

#include <fmt/format.h>

namespace pgtrickle::test {

plan_database::plan_database() {
  sql("CREATE TABLE item (id int PRIMARY KEY, kind int NOT NULL); "
      "INSERT INTO item SELECT i, i % 10 FROM generate_series(1, 100) i");
  kept = create("kept", "SELECT kind, count(*) AS n FROM item GROUP BY kind");
  options.workers = 4;
}

void plan_database::write_history(const synthetic_past& past,
                                  double age_seconds) {
  sql(fmt::format(
    "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, end_time, "
    "data_timestamp, action, status, initiated_by, delta_row_count) "
    "SELECT {}, at, at + interval '1 ms' * {} * (1 + 0.1 * (n % 3 - 1)), at, "
    "'DIFFERENTIAL', 'COMPLETED', 'SCHEDULER', {} * (1 + 0.1 * (n % 5 - 2)) "
    "FROM (SELECT n, clock_timestamp() - interval '1 second' * ({} + n * {}) "
    "AS at FROM generate_series({} - 1, 0, -1) n) r",
    static_cast<std::int64_t>(kept), past.ms, past.changes, age_seconds,
    past.every_seconds, past.refreshes));
  sql(fmt::format("UPDATE pgtrickle.pgt_stream_tables SET schedule = '{}s', "
                  "data_timestamp = clock_timestamp() - interval '1 second' * "
                  "{}, last_refresh_at = clock_timestamp(), updated_at = now() "
                  "- interval '1 year'",
                  past.every_seconds, age_seconds));
}

nlohmann::json plan_database::recommended() {
  const auto answer = plans::recommend(session(), owner(), "kept", options, {});
  REQUIRE_MESSAGE(answer, answer.error().message);
  return nlohmann::json::parse(*answer);
}

int plan_database::alerts(const std::string& event) {
  return sql("SELECT count(*) FROM pgtrickle.pgt_alerts WHERE event = '" + event
             + "'")[0][0]
    .as<int>();
}

nlohmann::json plan_database::last_alert(const std::string& event) {
  const auto rows = sql("SELECT payload FROM pgtrickle.pgt_alerts WHERE event "
                        "= '"
                        + event + "' ORDER BY alert_id DESC LIMIT 1");
  REQUIRE(rows.size() == 1);
  return nlohmann::json::parse(rows[0][0].as<std::string>());
}

std::string plan_database::text(const std::string& query) {
  return sql(query)[0][0].as<std::string>("");
}

} // namespace pgtrickle::test
