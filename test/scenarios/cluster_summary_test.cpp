// What the whole cluster answers, against what was done to it.

#include "test/scenarios/slow_refresh.hpp"

#include <doctest/doctest.h>

#include <csignal>

namespace pgtrickle::test {

namespace {

/// The value of a call; nothing while nobody answers it.
std::string told(session& asked, const std::string& statement) {
  const auto answer = asked.run(statement);
  return answer.sqlstate.empty() ? answer.value() : "(no answer)";
}

/// A column of the row of `database` in metrics_summary.
std::string metric(session& admin, const std::string& column,
                   const std::string& database = "app") {
  return told(admin, "SELECT " + column
                       + " FROM pgtrickle.metrics_summary() WHERE "
                       + (database.empty() ? "db_name IS NULL"
                                           : "db_name = '" + database + "'"));
}

std::string workers(session& admin, const std::string& column,
                    const std::string& database = "app") {
  return told(admin,
              "SELECT " + column
                + " FROM pgtrickle.cluster_worker_summary() WHERE db_name = '"
                + database + "'");
}

long long number(const std::string& text) {
  try {
    return std::stoll(text);
  } catch (const std::exception&) {
    return -1;
  }
}

/// What the database itself has counted of refreshes.
std::string counted(session& admin, const std::string& column) {
  return admin
    .run("SELECT coalesce(sum(" + column
         + "), 0) FROM pgtrickle.pgt_counters WHERE kind = 'refresh'")
    .value();
}

struct counted_scenario : scenario {
  counted_scenario() {
    must(db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
    must(db, "SELECT pgtrickle.create_stream_table('inverse',"
             " 'SELECT 12 / a AS x FROM base', '1d', 'DIFFERENTIAL')");
  }
};

} // namespace

TEST_CASE("the metrics of a database are what was done in it") {
  counted_scenario s;
  const auto history = [&] {
    return s.admin
      .run("SELECT count(*) FROM pgtrickle.pgt_refresh_history"
           " WHERE status <> 'RUNNING'")
      .value();
  };
  // Others' refreshes may still be on their way.
  REQUIRE(eventually(10s, [&] {
    return metric(s.admin, "total_refreshes") == counted(s.admin, "times");
  }));
  const std::string columns
    = "differential_refreshes, full_refreshes, failed_refreshes, "
      "no_data_refreshes, rows_inserted, rows_deleted, changes_consumed, "
      "snapshots_created, snapshots_restored";
  const auto before = s.admin.run("SELECT " + columns
                                  + " FROM pgtrickle.metrics_summary()"
                                    " WHERE db_name = 'app'");
  REQUIRE(before.rows.size() == 1);
  const std::string refresh
    = "SELECT pgtrickle.refresh_stream_table('inverse')";
  for (int i = 2; i < 5; ++i) {
    must(s.db, "INSERT INTO base VALUES (" + std::to_string(i) + ")");
    must(s.db, refresh);
  }
  must(s.db, "DELETE FROM base WHERE a = 4");
  must(s.db, refresh);
  must(s.db, refresh);
  must(s.db, "INSERT INTO base VALUES (0)");
  CHECK(s.db.run(refresh).sqlstate == "22012");
  must(s.db, "DELETE FROM base WHERE a = 0");
  must(s.db, refresh);
  must(s.db, "SELECT pgtrickle.snapshot_stream_table('inverse', 'kept')");
  must(s.db, "SELECT pgtrickle.restore_from_snapshot('inverse', 'kept')");

  // Three inserts and a delete; a refresh without changes; one that fails; the
  // pair that has cancelled itself out is consumed by one that changes no row.
  const std::vector<long long> expected{5, 0, 1, 1, 3, 1, 6, 1, 1};
  std::vector<std::string> last;
  CHECK_MESSAGE(
    eventually(10s,
               [&] {
                 const auto now
                   = s.admin.run("SELECT " + columns
                                 + " FROM pgtrickle.metrics_summary() WHERE "
                                   "db_name = 'app'");
                 if (now.rows.size() != 1)
                   return false;
                 last = now.rows[0];
                 for (std::size_t i = 0; i < expected.size(); ++i)
                   if (number(last[i]) - number(before.rows[0][i])
                       != expected[i])
                     return false;
                 return true;
               }),
    [&] {
      std::string text;
      for (std::size_t i = 0; i < last.size(); ++i)
        text
          += std::to_string(number(last[i]) - number(before.rows[0][i])) + " ";
      return text;
    }());
  CHECK(number(metric(s.admin, "total_refreshes", "")) >= number(history()));
  CHECK(metric(s.admin, "state") == "current");
  CHECK(metric(s.admin, "report_age < interval '5 s'") == "t");
}

TEST_CASE("the workers of a database are those that work") {
  scenario s;
  create_slow_table(s);
  REQUIRE(
    eventually(10s, [&] { return workers(s.admin, "workers_active") == "0"; }));
  const auto quota = number(workers(s.admin, "quota"));
  REQUIRE(quota > 0);
  must(s.db, "INSERT INTO pauses VALUES (6)");
  constexpr int waiting = 2;
  for (auto i = 1; i < quota + waiting; ++i)
    must(s.db, "SELECT pgtrickle.create_stream_table('slow" + std::to_string(i)
                 + "', 'SELECT pause(seconds) AS s FROM pauses', '1d',"
                   " initialize => false)");
  std::vector<session> callers;
  for (auto i = 0; i < quota + waiting; ++i) {
    callers.push_back(s.connect());
    callers.back().send("SELECT pgtrickle.refresh_stream_table('slow"
                        + (i == 0 ? "" : std::to_string(i)) + "')");
  }
  CHECK(eventually(20s, [&] {
    return number(workers(s.admin, "workers_active")) == quota
           && number(workers(s.admin, "workers_queued")) == waiting;
  }));
  CHECK(number(workers(s.admin, "workers_active")) == quota);
  CHECK(number(workers(s.admin, "workers_queued")) == waiting);
  CHECK(number(workers(s.admin, "active_workers")) == quota);
  CHECK(number(workers(s.admin, "quota_utilization_pct")) == 100);
  CHECK(workers(s.admin, "node || ' ' || owner_epoch")
        == s.admin.run("SELECT node || ' ' || epoch FROM pgtrickle.pgt_owner")
             .value());
  for (auto& caller : callers)
    CHECK(caller.result().sqlstate.empty());
  CHECK(eventually(20s, [&] {
    return workers(s.admin, "workers_active + workers_queued") == "0";
  }));
}

TEST_CASE("the lag is that of what has changes to take in") {
  counted_scenario s;
  must(s.db, "SELECT pgtrickle.set_stream_table_sla('inverse', '10 s')");
  const auto lag = [&] { return number(metric(s.admin, "lag_ms")); };
  REQUIRE(eventually(10s, [&] { return lag() == 0; }));
  must(s.admin, "UPDATE pgtrickle.pgt_stream_tables SET status = 'SUSPENDED'"
                " WHERE pgt_relid = 'inverse'::regclass");
  must(s.db, "INSERT INTO base VALUES (2)");
  const auto began = std::chrono::steady_clock::now();
  CHECK(eventually(10s, [&] { return lag() > 2000; }));
  // No older than its first change, and the look before that.
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
    std::chrono::steady_clock::now() - began);
  CHECK(lag() < passed.count() + 5000);
  CHECK(number(metric(s.admin, "round(lag_p95_pct)")) >= 20);
  must(s.db, "SELECT pgtrickle.resume_stream_table('inverse')");
  must(s.db, "SELECT pgtrickle.refresh_stream_table('inverse')");
  CHECK(eventually(10s, [&] { return lag() == 0; }));
  CHECK(metric(s.admin, "lag_p95_pct") == "0");
}

TEST_CASE("counters survive the daemon, the pruning and the drop of a table") {
  counted_scenario s;
  for (int i = 2; i < 5; ++i) {
    must(s.db, "INSERT INTO base VALUES (" + std::to_string(i) + ")");
    must(s.db, "SELECT pgtrickle.refresh_stream_table('inverse')");
  }
  const auto total = [&] { return number(metric(s.admin, "total_refreshes")); };
  REQUIRE(eventually(
    10s, [&] { return total() == number(counted(s.admin, "times")); }));
  auto least = total();
  const auto rises = [&] {
    return eventually(15s, [&] {
      const auto now = total();
      // While nobody answers there is no number.
      CHECK((now == -1 || now >= least));
      least = std::max(least, now);
      return now >= 0 && now == number(counted(s.admin, "times"));
    });
  };
  s.all.daemon.kill();
  s.all.daemon.start();
  CHECK(rises());
  must(s.admin, "DELETE FROM pgtrickle.pgt_refresh_history"
                " WHERE status <> 'RUNNING'");
  CHECK(rises());
  must(s.db, "SELECT pgtrickle.drop_stream_table('inverse')");
  CHECK(rises());
  must(s.admin, "SELECT pgtrickle._fold_counts()");
  CHECK(rises());
  CHECK(number(counted(s.admin, "times")) >= least);
}

TEST_CASE("every node's databases are seen from any of them") {
  scenario s;
  private_daemon second{s.all.postgres.conninfo(), s.all.nats.url(), "second"};
  second.start();
  s.all.create_database("shared");
  auto shared = s.all.connect("postgres", "shared");
  // As the databases themselves say who owns them.
  const auto is_told = [&](session& asked) {
    for (auto* in : {&s.admin, &shared}) {
      const auto owner
        = in->run("SELECT node || ' ' || epoch FROM pgtrickle.pgt_owner");
      const auto name = in == &shared ? "shared" : "app";
      if (workers(asked, "node || ' ' || owner_epoch", name) != owner.value()
          || workers(asked, "state", name) != "current")
        return false;
    }
    return true;
  };
  CHECK(eventually(20s, [&] { return is_told(s.admin) && is_told(shared); }));
  const auto rows
    = s.admin.run("SELECT db_name FROM pgtrickle.metrics_summary()").rows;
  CHECK(rows.size()
        == s.admin.run("SELECT db_name FROM pgtrickle.cluster_worker_summary()")
               .rows.size()
             + 1);
  second.kill();
  CHECK(eventually(30s, [&] { return is_told(s.admin) && is_told(shared); }));
  shared = s.all.connect("postgres", "app");
  must(s.admin, "DROP DATABASE shared WITH (FORCE)");
  CHECK(eventually(
    20s, [&] { return workers(s.admin, "db_name", "shared") == "(no rows)"; }));
}

} // namespace pgtrickle::test
