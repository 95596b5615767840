// Each command of pgtricklectl that is about stream tables, with a daemon.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace pgtrickle::test;

namespace {

/// A schema with a source, and pgtricklectl as its owner.
struct shop : scenario {
  shop() {
    must(db, "CREATE TABLE orders (customer text, amount int);"
             "INSERT INTO orders VALUES ('ada', 1), ('bob', 2)");
  }

  [[nodiscard]] finished_run ctl(std::vector<std::string> arguments,
                                 const std::string& user = "alice") const {
    arguments.insert(arguments.end(),
                     {"-d", all.postgres.conninfo("app", user)
                              + " options='-csearch_path=" + schema + "'"});
    return run_ctl(arguments);
  }

  [[nodiscard]] std::string status_of(const std::string& table) {
    return admin
      .run("SELECT status FROM pgtrickle.pgt_stream_tables WHERE pgt_schema = '"
           + schema + "' AND pgt_name = " + admin.literal(table))
      .value();
  }
};

constexpr auto totals
  = "SELECT customer, sum(amount) AS total FROM orders GROUP BY customer";

} // namespace

TEST_CASE("a stream table lives its life by pgtricklectl") {
  shop s;
  CHECK(s.ctl({"create", "revenue", totals, "--schedule", "1h"}).status == 0);
  CHECK(holds(s.admin, "revenue"));
  CHECK(s.ctl({"create", "revenue", totals}).status == 1);
  CHECK(s.ctl({"create", "revenue", totals, "--if-not-exists"}).status == 0);

  must(s.db, "INSERT INTO orders VALUES ('cyd', 3)");
  const auto refreshed = s.ctl({"refresh", "revenue", "-o", "json"});
  INFO(refreshed.output);
  CHECK(refreshed.status == 0);
  CHECK(refreshed.says(R"("rows_inserted": 1,)"));
  CHECK(holds(s.admin, "revenue"));

  CHECK(s.ctl({"pause", "revenue"}).status == 0);
  CHECK(s.status_of("revenue") == "SUSPENDED");
  CHECK(s.ctl({"resume", "revenue"}).status == 0);
  CHECK(s.status_of("revenue") == "ACTIVE");

  CHECK(s.ctl({"alter", "revenue", "--schedule", "2h", "--mode", "full",
               "--target-lag", "5 minutes", "--query",
               "SELECT customer FROM orders"})
          .status
        == 0);
  CHECK(s.admin
          .run("SELECT schedule || refresh_mode || freshness_deadline_ms FROM "
               "pgtrickle.pgt_stream_tables WHERE pgt_schema = '"
               + s.schema + "'")
          .value()
        == "2hFULL300000");
  CHECK(s.ctl({"alter", "revenue", "--target-lag", "none"}).status == 0);
  CHECK(s.ctl({"alter", "revenue"}).status == 2);

  CHECK(s.ctl({"drop", "revenue"}).status == 2);
  CHECK(s.status_of("revenue") == "ACTIVE");
  CHECK(s.ctl({"drop", "revenue", "--yes"}).status == 0);
  CHECK(s.status_of("revenue") == "(no rows)");
}

TEST_CASE("show has state, explanation, sources and history, for its owner") {
  shop s;
  REQUIRE(s.ctl({"create", "revenue", totals}).status == 0);
  const auto shown = s.ctl({"show", "revenue"});
  INFO(shown.output);
  CHECK(shown.status == 0);
  CHECK(shown.says("name: " + s.schema + ".revenue\n"));
  CHECK(shown.says("aggregate by"));
  CHECK(shown.says(s.schema + ".orders  TABLE"));
  CHECK(shown.says("first fill"));
  const auto json = s.ctl({"show", "revenue", "-o", "json"});
  CHECK(json.says(R"("action": "FULL")"));

  must(s.db, "GRANT USAGE ON SCHEMA " + s.schema + " TO bob");
  const auto stranger = s.ctl({"show", s.schema + ".revenue"}, "bob");
  CHECK(stranger.says("name: " + s.schema + ".revenue\n"));
  CHECK(!stranger.says("aggregate by"));
  CHECK(s.ctl({"show", "nothing"}).status == 1);
}

TEST_CASE("names may be of any kind, and command nobody") {
  shop s;
  const std::string name = "a\"b'; DROP TABLE orders; -- \n$(false)\x1b[2J";
  const auto quoted
    = s.admin.run("SELECT quote_ident(" + s.admin.literal(name) + ")").value();
  for (const auto& command :
       std::vector<std::vector<std::string>>{{"create", quoted, totals},
                                             {"refresh", quoted},
                                             {"show", quoted},
                                             {"pause", quoted},
                                             {"resume", quoted},
                                             {"plan", quoted},
                                             {"forecast", quoted},
                                             {"list"}}) {
    const auto done = s.ctl(command);
    CHECK_MESSAGE(done.status == 0, command[0] << ": " << done.output);
  }
  const auto listed = s.ctl({"list"});
  CHECK(listed.says("DROP TABLE orders; -- \\n$(false)\\x1b[2J"));
  CHECK(s.db.run("SELECT count(*) FROM orders").value() == "2");
  CHECK(s.ctl({"drop", quoted, "--yes"}).status == 0);
  CHECK(s.status_of(name) == "(no rows)");
}

TEST_CASE("refresh --wait outlasts a lock") {
  shop s;
  REQUIRE(s.ctl({"create", "revenue", totals, "--schedule", "1h"}).status == 0);
  must(s.db, "INSERT INTO orders VALUES ('cyd', 3)");
  auto holder = s.connect();
  must(holder, "BEGIN; LOCK TABLE revenue");
  CHECK(s.ctl({"refresh", "revenue"}).status == 1);
  running_ctl waiting{{"refresh", s.schema + ".revenue", "--wait", "-d",
                       s.all.postgres.conninfo("app", "alice")}};
  REQUIRE(eventually(20s, [&] {
    return waiting.output().find("trying again") != std::string::npos;
  }));
  must(holder, "COMMIT");
  const auto done = waiting.finish();
  CHECK_MESSAGE(done.status == 0, done.output);
  CHECK(holds(s.admin, "revenue"));
}

TEST_CASE("data goes to standard output and messages go to standard error") {
  shop s;
  const auto conninfo = s.all.postgres.conninfo("app", "alice");
  const auto script = [&](const std::string& rest) {
    return run_shell("D='" + conninfo + "'; N=" + s.schema + ".t; " + rest);
  };
  CHECK(script("pgtricklectl create $N 'SELECT 1 AS a' -d \"$D\" 2>&-")
          .output.empty());
  const auto refreshed
    = script("pgtricklectl refresh $N -d \"$D\" -o tsv 2>&-").output;
  CHECK(refreshed.starts_with("stream_table\taction\t"));
  CHECK(script("pgtricklectl refresh none -d \"$D\" 2>&-").output.empty());
  CHECK(script("pgtricklectl list -d \"$D\"").output.find('\x1b')
        == std::string::npos);
}

TEST_CASE("connections are told as psql takes them") {
  shop s;
  const private_directory dir;
  const auto& postgres = s.all.postgres;
  const auto services = (dir.path() / "services").string();
  const auto script
    = "cat > " + services + " <<'END'\n[here]\nhost=" + postgres.socket_dir()
      + "\nport=" + std::to_string(postgres.port())
      + "\ndbname=app\nuser=alice\nEND\nexport PGSERVICEFILE=" + services
      + "\n";
  CHECK(run_shell(script + "pgtricklectl list -d service=here").status == 0);
  CHECK(run_shell(script + "PGSERVICE=here pgtricklectl list").status == 0);
  CHECK(run_shell("PGHOST=" + postgres.socket_dir()
                  + " PGPORT=" + std::to_string(postgres.port())
                  + " PGUSER=alice pgtricklectl list -d app")
          .status
        == 0);
}

TEST_CASE("plan, forecast, cluster, workers and alerts answer") {
  shop s;
  REQUIRE(s.ctl({"create", "revenue", totals}).status == 0);
  CHECK(s.ctl({"plan", "--sort", "delta"}).says(s.schema + ".revenue"));
  CHECK(s.ctl({"plan", "revenue"}).says("recommended_interval_seconds"));
  CHECK(s.ctl({"plan", "--apply"}).status == 2);
  CHECK(s.ctl({"forecast", "revenue"}).says("too little history"));
  CHECK(s.ctl({"cluster"}).says("first"));
  CHECK(s.ctl({"workers"}).status == 1);
  const auto workers = s.ctl({"workers", "-o", "tsv"}, "postgres");
  CHECK_MESSAGE(workers.says("app\t"), workers.output);
  must(s.db, "SELECT pgtrickle.alter_stream_table('revenue', status => "
             "'SUSPENDED')");
  CHECK(s.ctl({"alerts"}).status == 1);
  const auto alerts = s.ctl({"alerts", "-n", "1", "-o", "json"}, "postgres");
  CHECK_MESSAGE(alerts.says("stream_table_suspended"), alerts.output);
  CHECK(!alerts.says("ownership_changed"));
}

TEST_CASE("alerts -f shows each alert once, until Ctrl-C") {
  shop s;
  REQUIRE(s.ctl({"create", "revenue", totals}).status == 0);
  running_ctl following{
    {"alerts", "-f", "-n", "0", "-d", s.all.postgres.conninfo("app")}};
  const auto count = [&](const std::string& text) {
    int found = 0;
    const auto output = following.output();
    for (auto at = output.find(text); at != std::string::npos;
         at = output.find(text, at + 1))
      ++found;
    return found;
  };
  // The first ones may come before it looks.
  REQUIRE(eventually(20s, [&] {
    must(s.db, "SELECT pgtrickle.alter_stream_table('revenue', status => "
               "'SUSPENDED')");
    must(s.db, "SELECT pgtrickle.resume_stream_table('revenue')");
    return count("resumed") > 0;
  }));
  must(s.db, "SELECT pgtrickle.alter_stream_table('revenue', status => "
             "'SUSPENDED')");
  const auto last
    = s.admin.run("SELECT max(alert_id) FROM pgtrickle.pgt_alerts").value();
  CHECK(eventually(10s, [&] { return count("\n" + last + "  ") == 1; }));
  CHECK(throughout(1500ms, [&] { return count("\n" + last + "  ") == 1; }));
  following.signal(SIGINT);
  CHECK(following.finish().status == 0);
}

TEST_CASE("status ends with 0, 1 or 2") {
  installation& all = the_installation();
  all.create_database("judged");
  auto db = all.connect("postgres", "judged");
  const auto here = all.postgres.conninfo("judged");
  must(db, "CREATE TABLE a (i int)");
  must(db,
       "SELECT pgtrickle.create_stream_table('t', 'SELECT i FROM a', '1h')");
  const auto well = run_ctl({"status", "-d", here});
  CHECK_MESSAGE(well.status == 0, well.output);
  CHECK_MESSAGE(
    well.output.starts_with("ok: stream tables: 1 of 1 ACTIVE; first "),
    well.output);

  must(db, "SELECT pgtrickle.alter_stream_table('t', status => 'SUSPENDED')");
  const auto warning = run_ctl({"status", "-d", here});
  CHECK(warning.status == 1);
  CHECK(warning.output.starts_with("warning: stream tables: 0 of 1 ACTIVE; "
                                   "public.t is SUSPENDED\n"));
  must(db, "SELECT pgtrickle.resume_stream_table('t')");
  must(db, "SELECT pgtrickle.set_stream_table_sla('t', '1 ms')");
  must(db, "INSERT INTO a VALUES (1)");
  CHECK(run_ctl({"status", "-d", here}).says("critical: freshness: 1 late"));
  must(db, "SELECT pgtrickle.set_stream_table_sla('t', NULL)");

  all.daemon.stop();
  const auto critical = run_ctl({"status", "-d", here, "-o", "json"});
  CHECK(critical.status == 2);
  CHECK(critical.says(R"("state": "critical")"));
  CHECK(run_ctl({"status", "-d", "host=/nowhere"}).status == 2);
  all.daemon.start();
  all.repair();
}

TEST_CASE("drain has the node leave, and cluster says so") {
  installation& all = the_installation();
  all.repair();
  const auto here = all.postgres.conninfo("app");
  // Who is not there has nothing to hand over.
  CHECK(run_ctl({"drain", "second", "-d", here}).says("second is drained"));
  CHECK(run_ctl({"drain", "it's", "-d", here}).status == 1);
  private_daemon second{all.postgres.conninfo(), all.nats.url(), "second"};
  CHECK(run_ctl({"undrain", "second", "-d", here}).status == 0);
  second.start();
  const auto state = [&](const std::string& text) {
    return [&, text] {
      return run_ctl({"cluster", "-o", "tsv", "-d", here}).says(text);
    };
  };
  auto db = all.connect();
  const auto state_is = [&](const std::string& wanted) {
    return eventually(20s, [&] {
      return db.run("SELECT state FROM pgtrickle.cluster_nodes() WHERE node = "
                    "'second'")
               .value()
             == wanted;
    });
  };
  CHECK(state_is("up"));
  CHECK(eventually(5s, state("second\t0.27.0\t")));
  CHECK(run_ctl({"drain", "second", "-d", here}).status == 0);
  CHECK(second.wait() == 0);
  CHECK(state_is("drained"));
  CHECK(run_ctl({"undrain", "second", "-d", here}).status == 0);
  CHECK(run_ctl({"undrain", "second", "-d", here}).says("was not drained"));
  all.repair();
}
