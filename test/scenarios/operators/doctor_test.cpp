// pgtricklectl doctor: each fault that is seeded is found, and the statement
// that it names puts it right.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pgtrickle::test;

namespace {

/// A database of the test's own, with a stream table that is well.
struct ward {
  ward() : name(fmt::format("ward_{}", ++count())) {
    all.repair();
    all.create_database(name);
    db.emplace(all.postgres.conninfo(name));
    must(*db, "CREATE TABLE orders (customer text, amount int);"
              "INSERT INTO orders VALUES ('ada', 1)");
    must(*db,
         "SELECT pgtrickle.create_stream_table('revenue', 'SELECT customer,"
         " sum(amount) AS total FROM orders GROUP BY customer', '1s')");
  }

  static int& count() {
    static int made = 0;
    return made;
  }

  [[nodiscard]] finished_run ctl(const std::string& format = "table") const {
    return run_ctl({"doctor", "--patience", "0", "-o", format, "-d",
                    all.postgres.conninfo(name)});
  }

  /// Does what no event trigger sees.
  void unseen(const std::string& statements) const {
    auto hidden = all.connect("postgres", name);
    must(hidden, "BEGIN");
    std::string back;
    for (const auto& row :
         hidden
           .run("SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname),"
                " format('ALTER EVENT TRIGGER %I ENABLE %s;', evtname,"
                " CASE evtenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END)"
                " FROM pg_event_trigger")
           .rows) {
      must(hidden, row[0]);
      back += row[1];
    }
    must(hidden, statements);
    must(hidden, back);
    must(hidden, "COMMIT");
  }

  [[nodiscard]] std::string oid_of(const std::string& relation) {
    return db->run("SELECT '" + relation + "'::regclass::oid").value();
  }

  /// The remedies that doctor names for what it finds by `check`.
  [[nodiscard]] std::vector<std::string> remedies(const std::string& check) {
    std::vector<std::string> found;
    for (const auto& row :
         db->run("SELECT remedy FROM pgtrickle.doctor('0') WHERE check_name = '"
                 + check + "'")
           .rows)
      found.push_back(row[0]);
    return found;
  }

  /// The fault is told by pgtricklectl, with its remedy, and is gone after it.
  void check_remedied(const std::string& check, const std::string& problem) {
    INFO(check);
    const auto told = ctl();
    CAPTURE(told.output);
    CHECK(told.status == 1);
    CHECK(told.says(problem));
    const auto statements = remedies(check);
    CHECK(!statements.empty());
    for (const auto& statement : statements) {
      CHECK(told.says("    " + statement + "\n"));
      const auto done = db->run(statement);
      CHECK_MESSAGE(done.sqlstate.empty(), statement << ": " << done.message);
    }
    CHECK_MESSAGE(remedies(check).empty(), ctl().output);
  }

  void check_right() {
    must(*db, "INSERT INTO orders VALUES ('after', 5)");
    CHECK(comes_true(*db, "revenue", 20s));
  }

  installation& all = the_installation();
  std::string name;
  std::optional<session> db;
};

} // namespace

TEST_CASE("where nothing is wrong, doctor finds nothing") {
  ward w;
  const auto done = w.ctl();
  CHECK_MESSAGE(done.status == 0, done.output);
  CHECK(done.output == "ok: nothing is out of order\n");
  CHECK(w.ctl("json").output == "[]\n");
}

TEST_CASE("missing and disabled capture is found, and nothing is lost by it") {
  ward w;
  const auto source = w.oid_of("orders");
  w.unseen("DROP TRIGGER pgt_capture_" + source
           + "_insert ON orders;"
             "ALTER TABLE orders DISABLE TRIGGER pgt_capture_"
           + source + "_delete");
  must(*w.db, "INSERT INTO orders VALUES ('missed', 5)");
  w.check_remedied("capture", "_insert on public.orders is missing");
  w.check_right();
}

TEST_CASE("a change buffer that is gone comes back") {
  ward w;
  w.unseen("DROP TABLE pgtrickle_changes.changes_" + w.oid_of("orders")
           + " CASCADE");
  w.check_remedied("capture", "is missing");
  w.check_right();
}

TEST_CASE("guards come back") {
  ward w;
  w.unseen("DROP TRIGGER pgt_dml_guard ON revenue;"
           "ALTER TABLE revenue DISABLE TRIGGER pgt_dml_guard_replica");
  w.check_remedied("guards", "users can write to it");
  CHECK(w.db->run("DELETE FROM revenue").sqlstate == "55000");
  w.check_right();
}

TEST_CASE("an owner who may not read what his query reads is told of") {
  ward w;
  must(*w.db, "CREATE SCHEMA hidden; CREATE TABLE hidden.\"t a\" (i int);"
              "GRANT USAGE ON SCHEMA hidden TO alice;"
              "GRANT SELECT ON hidden.\"t a\" TO alice;"
              "GRANT CREATE ON SCHEMA public TO alice");
  auto alice = w.all.connect("alice", w.name);
  must(alice, "SELECT pgtrickle.create_stream_table('hers', 'SELECT i FROM"
              " hidden.\"t a\"', '1s')");
  CHECK(w.ctl().status == 0);
  must(*w.db, "REVOKE SELECT ON hidden.\"t a\" FROM alice;"
              "REVOKE USAGE ON SCHEMA hidden FROM alice");
  w.check_remedied("grants", "its owner alice may not read hidden.\"t a\"");
  must(*w.db, "INSERT INTO hidden.\"t a\" VALUES (1)");
  CHECK(comes_true(*w.db, "hers", 20s));
}

TEST_CASE("what was suspended is resumed by the remedy") {
  ward w;
  must(*w.db, "SELECT pgtrickle.alter_stream_table('revenue', status => "
              "'SUSPENDED')");
  w.check_remedied("status", "it is SUSPENDED");
  w.check_right();
}

TEST_CASE("orphans of every kind are found and go") {
  ward w;
  must(*w.db, "CREATE TABLE unread (i int)");
  const auto unread = w.oid_of("unread");
  w.unseen(
    "CREATE TABLE pgtrickle_changes.changes_" + unread
    + " (i int);"
      "CREATE TRIGGER pgt_capture_"
    + unread
    + "_insert AFTER INSERT ON"
      " unread FOR EACH ROW EXECUTE FUNCTION pgtrickle._capture('"
    + unread
    + "', '', 'captured');"
      "CREATE TABLE pgtrickle_state.arrangement_999999_1 (i int);"
      "CREATE FUNCTION pgtrickle_state.refresh_999999() RETURNS int"
      " LANGUAGE sql AS 'SELECT 1';"
      "CREATE TABLE pgtrickle_state.snapshot_999999_arrangement_1 (i int)");
  w.check_remedied("orphans", "its changes are captured for nobody");
  CHECK(w.db->run("INSERT INTO unread VALUES (1)").sqlstate.empty());
  w.check_right();
}

TEST_CASE("a stream table whose table is gone is forgotten") {
  ward w;
  w.unseen("DROP TABLE revenue");
  w.check_remedied("orphans", "the table of this stream table is gone");
  CHECK(w.db->run("SELECT count(*) FROM pgtrickle.pgt_stream_tables").value()
        == "0");
  CHECK(eventually(20s, [&] { return w.ctl().status == 0; }));
}

TEST_CASE("event triggers that are off are put on again") {
  ward w;
  must(*w.db, "ALTER EVENT TRIGGER pg_trickle_ddl_tracker DISABLE");
  must(*w.db, "ALTER EVENT TRIGGER pg_trickle_drop_tracker ENABLE");
  w.check_remedied("event triggers", "pg_trickle_ddl_tracker");
  CHECK(w.db
          ->run("SELECT count(*) FROM pg_event_trigger WHERE evtenabled = 'A'"
                " AND evtname IN ('pg_trickle_ddl_tracker',"
                " 'pg_trickle_drop_tracker')")
          .value()
        == "2");
}

TEST_CASE("who stands in the way of refreshes is named") {
  ward w;
  auto holder = w.all.connect("postgres", w.name);
  must(holder, "BEGIN; LOCK TABLE orders");
  w.check_remedied("locks", fmt::format("session {} of postgres holds "
                                        "AccessExclusiveLock",
                                        holder.pid()));
  CHECK(!holder.run("SELECT 1").sqlstate.empty());

  auto writer = w.all.connect("postgres", w.name);
  must(writer, "BEGIN; INSERT INTO orders VALUES ('slow', 1)");
  w.check_remedied("transactions",
                   fmt::format("session {} of postgres", writer.pid()));
}

TEST_CASE("a failed definition call is told until it is deleted") {
  ward w;
  must(*w.db, "BEGIN");
  must(*w.db, "SELECT pgtrickle.create_stream_table('late', 'SELECT 1 AS a',"
              " 'nonsense')");
  must(*w.db, "COMMIT");
  REQUIRE(eventually(20s, [&] { return !w.remedies("calls").empty(); }));
  w.check_remedied("calls", "failed after its COMMIT");
}

TEST_CASE("a database that is switched off is told of") {
  ward w;
  must(*w.db, "ALTER DATABASE " + w.name + " SET pg_trickle.enabled = off");
  w.check_remedied("settings", "pg_trickle.enabled is off");
  CHECK(eventually(20s, [&] { return w.all.serves(w.name); }));
}

TEST_CASE("a table that misses its target lag is refreshed by the remedy") {
  ward w;
  must(*w.db, "SELECT pgtrickle.alter_stream_table('revenue', schedule => "
              "'1h')");
  must(*w.db, "SELECT pgtrickle.set_stream_table_sla('revenue', '1 ms')");
  must(*w.db, "INSERT INTO orders VALUES ('bob', 2)");
  w.check_remedied("lag", "and may be 00:00:00.001");
  CHECK(holds(*w.db, "revenue"));
}

TEST_CASE("an extension that is older than the program is told of") {
  installation& all = the_installation();
  auto admin = all.connect("postgres", "postgres");
  must(admin, "CREATE DATABASE old_ward");
  auto db = all.connect("postgres", "old_ward");
  must(db, "CREATE EXTENSION pg_trickle VERSION '0.26.0'");
  const auto here = all.postgres.conninfo("old_ward");
  const auto told = run_ctl({"doctor", "-d", here, "-o", "tsv"});
  CHECK_MESSAGE(told.says("\tALTER EXTENSION pg_trickle UPDATE\n"),
                told.output);
  must(db, "ALTER EXTENSION pg_trickle UPDATE");
  CHECK(
    !run_ctl({"doctor", "-d", here, "-o", "tsv"}).says("\tALTER EXTENSION"));
  must(admin, "DROP DATABASE IF EXISTS old_ward WITH (FORCE)");
}

TEST_CASE("a daemon that is not there is told of, and a drained one") {
  ward w;
  w.all.daemon.stop();
  const auto told = w.ctl();
  CHECK(told.status == 1);
  CHECK_MESSAGE(told.output.starts_with("critical: daemon: "), told.output);
  w.all.daemon.start();
  w.all.repair();
  CHECK(eventually(20s, [&] { return w.ctl().status == 0; }));
}

TEST_CASE("doctor, repair and alerts are not for everybody") {
  ward w;
  auto bob = w.all.connect("bob", w.name);
  CHECK(bob.run("SELECT * FROM pgtrickle.doctor()").sqlstate == "42501");
  CHECK(bob.run("SELECT * FROM pgtrickle.alerts()").sqlstate == "42501");
  CHECK(bob.run("SELECT pgtrickle.repair_stream_table('revenue')").sqlstate
        == "42501");
  must(*w.db, "GRANT pg_monitor TO bob");
  CHECK(bob.run("SELECT * FROM pgtrickle.doctor()").sqlstate.empty());
  CHECK(bob.run("SELECT * FROM pgtrickle.alerts()").sqlstate.empty());
  must(*w.db, "REVOKE pg_monitor FROM bob");
}
