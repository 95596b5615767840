#pragma once

#include "test/scenarios/installation.hpp"

namespace pgtrickle::test {

/// Stream table `slow`, whose refresh takes as many seconds as the sum of the
/// numbers inserted into `pauses`. It is refreshed by calls only.
inline void create_slow_table(scenario& s) {
  must(s.db, "CREATE TABLE pauses (seconds int);"
             "INSERT INTO pauses VALUES (0);"
             "CREATE FUNCTION pause(seconds int) RETURNS int LANGUAGE plpgsql"
             " IMMUTABLE AS 'BEGIN PERFORM pg_sleep(seconds); RETURN seconds;"
             " END'");
  must(s.db, "SELECT pgtrickle.create_stream_table('slow',"
             " 'SELECT pause(seconds) AS seconds FROM pauses', '1d')");
}

/// Whether a worker is in the middle of such a refresh.
inline bool refreshes_slowly(scenario& s) {
  return s.admin
           .run("SELECT count(*) FROM pg_stat_activity"
                " WHERE application_name LIKE 'pgtrickle %'"
                " AND wait_event = 'PgSleep'")
           .value()
         != "0";
}

/// Sends a call that refreshes `slow` for a minute; returns once it is at it.
[[nodiscard]] inline bool begin_slow_refresh(scenario& s) {
  must(s.db, "INSERT INTO pauses VALUES (59)");
  s.db.send("SELECT pgtrickle.refresh_stream_table('slow')");
  return eventually(5s, [&] { return refreshes_slowly(s); });
}

/// How the last refresh of `slow` ended.
inline std::string last_refresh(scenario& s) {
  return s.admin
    .run("SELECT status FROM pgtrickle.get_refresh_history('slow', 1)")
    .value();
}

} // namespace pgtrickle::test
