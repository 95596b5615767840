#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace pgtrickle::test {

namespace {

void drop_database(scenario& s, const std::string& name) {
  auto db = s.all.connect("postgres", "postgres");
  must(db, "DROP DATABASE " + name + " WITH (FORCE)");
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_CASE("databases come and go without touching the others") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('reader',"
             " 'SELECT a FROM base', '1s')");
  CHECK(duration_of([&] { s.all.create_database("guest"); }) < 8000);
  auto guest = s.all.connect("postgres", "guest");
  must(guest, "CREATE TABLE base (a int)");
  must(guest, "SELECT pgtrickle.create_stream_table('reader',"
              " 'SELECT a FROM base', '1s')");
  must(guest, "INSERT INTO base VALUES (1)");
  CHECK(comes_true(guest, "reader"));

  const auto logged = s.all.daemon.log().size();
  drop_database(s, "guest");
  must(s.db, "INSERT INTO base VALUES (2)");
  CHECK(comes_true(s.admin, "reader", 5s));
  CHECK(throughout(5s, [&] { return s.all.serves(); }));
  CHECK(lines_in(s.all.daemon.log().substr(logged)) < 25);
}

TEST_CASE("the extension can be dropped and created again") {
  scenario s;
  s.all.create_database("visitor");
  auto db = s.all.connect("postgres", "visitor");
  must(db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(db, "SELECT pgtrickle.create_stream_table('reader',"
           " 'SELECT a FROM base', '1s')");
  const auto logged = s.all.daemon.log().size();
  must(db, "DROP EXTENSION pg_trickle CASCADE");
  must(db, "INSERT INTO base VALUES (2)");
  must(db, "CREATE EXTENSION pg_trickle");
  CHECK(eventually(15s, [&] { return s.all.serves("visitor"); }));
  must(db, "SELECT pgtrickle.create_stream_table('again',"
           " 'SELECT a FROM base', '1s')");
  must(db, "INSERT INTO base VALUES (3)");
  CHECK(comes_true(db, "again"));
  CHECK(lines_in(s.all.daemon.log().substr(logged)) < 25);
  drop_database(s, "visitor");
}

} // namespace pgtrickle::test
