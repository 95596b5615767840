#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

const std::string migration
  = "CREATE TABLE orders (customer int, amount int);"
    "INSERT INTO orders SELECT i % 3, i FROM generate_series(1, 30) i;"
    "SELECT pgtrickle.create_stream_table('per_customer',"
    " 'SELECT customer, sum(amount) AS total FROM orders GROUP BY customer',"
    " '1s');"
    "SELECT pgtrickle.create_stream_table('large',"
    " 'SELECT customer FROM per_customer WHERE total > 150', '1s');";

bool none_pending(session& db) {
  return db.run("SELECT count(*) FROM pgtrickle.pending_calls()").value()
         == "0";
}

bool exists(session& db, const std::string& table) {
  return db.run("SELECT to_regclass('" + table + "')").value() != "(null)";
}

} // namespace

TEST_CASE("a migration in one transaction comes true at its COMMIT") {
  scenario s;
  must(s.db, "BEGIN;" + migration);
  CHECK(s.db.run("SELECT count(*) FROM pgtrickle.pending_calls()").value()
        == "2");
  CHECK(s.db.notices().size() == 2);
  auto other = s.connect();
  CHECK(other.run("SELECT count(*) FROM pgtrickle.pending_calls()").value()
        == "0");
  CHECK_FALSE(exists(s.db, "per_customer"));
  must(s.db, "COMMIT");
  CHECK(eventually(10s, [&] { return none_pending(s.db); }));
  CHECK(comes_true(s.admin, "per_customer"));
  CHECK(comes_true(s.admin, "large"));

  must(s.db, "INSERT INTO orders VALUES (7, 1000)");
  CHECK(eventually(10s, [&] {
    return s.db.run("SELECT count(*) FROM large WHERE customer = 7").value()
           == "1";
  }));
}

TEST_CASE("a migration that is rolled back leaves nothing") {
  scenario s;
  SUBCASE("as a whole") {
    must(s.db, "BEGIN;" + migration);
    must(s.db, "ROLLBACK");
  }
  SUBCASE("to a savepoint") {
    must(s.db, "BEGIN; SAVEPOINT before;" + migration);
    must(s.db, "ROLLBACK TO before; COMMIT");
  }
  // What is called afterwards comes after what was pending.
  must(s.db, "SELECT pgtrickle.create_stream_table('later',"
             " 'SELECT 1 AS one')");
  CHECK(none_pending(s.db));
  CHECK_FALSE(exists(s.db, "orders"));
  CHECK_FALSE(exists(s.db, "per_customer"));
}

TEST_CASE("a deferred call that fails is shown and announced") {
  scenario s;
  must(s.db, "CREATE TABLE numbers (a int); INSERT INTO numbers VALUES (0)");
  auto listener = s.connect();
  must(listener, "LISTEN pg_trickle_alert");
  must(s.db, "BEGIN");
  must(s.db, "SELECT pgtrickle.create_stream_table('inverse',"
             " 'SELECT 1 / a AS x FROM numbers')");
  must(s.db, "SELECT pgtrickle.create_stream_table('same',"
             " 'SELECT a FROM numbers')");
  must(s.db, "COMMIT");
  CHECK(comes_true(s.admin, "same"));
  CHECK(s.db
          .run("SELECT method || ' ' || error_sqlstate"
               " FROM pgtrickle.pending_calls() WHERE failed_at IS NOT NULL")
          .value()
        == "create_stream_table 22012");
  CHECK_FALSE(exists(s.db, "inverse"));
  CHECK(listener.wait_for_notification(5s) == "pg_trickle_alert");
  CHECK(s.admin
          .run("SELECT count(*) FROM pgtrickle.pgt_alerts"
               " WHERE event = 'pending_call_failed'")
          .value()
        == "1");
  must(s.admin, "DELETE FROM pgtrickle.pending_calls");
}

TEST_CASE("a transaction can create, alter and drop the same stream table") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1), (2)");
  must(s.db, "BEGIN");
  must(s.db, "SELECT pgtrickle.create_stream_table('shortlived',"
             " 'SELECT a FROM base')");
  must(s.db, "SELECT pgtrickle.create_stream_table('kept',"
             " 'SELECT a FROM base', '1h')");
  must(s.db, "SELECT pgtrickle.alter_stream_table('kept', schedule => '2h')");
  must(s.db, "SELECT pgtrickle.drop_stream_table('shortlived')");
  must(s.db, "COMMIT");
  CHECK(eventually(10s, [&] { return none_pending(s.db); }));
  CHECK_FALSE(exists(s.db, "shortlived"));
  CHECK(holds(s.admin, "kept"));
  CHECK(s.db
          .run("SELECT schedule FROM pgtrickle.pgt_status()"
               " WHERE name LIKE '%kept'")
          .value()
        == "2h");
}

TEST_CASE("acting calls are refused inside a transaction block") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int)");
  must(s.db, "SELECT pgtrickle.create_stream_table('reader',"
             " 'SELECT a FROM base')");
  must(s.db, "BEGIN");
  const auto refused
    = s.db.run("SELECT pgtrickle.refresh_stream_table('reader')");
  CHECK(refused.sqlstate == "25001");
  CHECK_FALSE(refused.hint.empty());
  must(s.db, "ROLLBACK; BEGIN");
  CHECK(s.db.run("SELECT count(*) FROM pgtrickle.explain_st('reader')")
          .sqlstate.empty());
  must(s.db, "ROLLBACK");
}

} // namespace pgtrickle::test
