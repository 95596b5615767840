#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("a table that is written anew while a refresh waits for it is not "
          "taken for empty") {
  scenario s;
  must(s.db, "CREATE TABLE item (id int); CREATE TABLE sale (item int, amount "
             "int); INSERT INTO item SELECT generate_series(1, 20);"
             "INSERT INTO sale SELECT i, i FROM generate_series(1, 18) i");
  std::string mode = "DIFFERENTIAL";
  std::string rewrite = "ALTER TABLE sale ALTER amount TYPE bigint";
  SUBCASE("recomputed") { mode = "FULL"; }
  SUBCASE("by differences") {}
  SUBCASE("emptied, and recomputed") {
    mode = "FULL";
    rewrite = "TRUNCATE sale";
  }
  SUBCASE("emptied, by differences") { rewrite = "TRUNCATE sale"; }
  must(s.db, "SELECT pgtrickle.create_stream_table('unsold', 'SELECT id FROM "
             "item i WHERE NOT EXISTS (SELECT FROM sale s WHERE s.item = "
             "i.id)', '1h', '"
               + mode + "')");
  must(s.db, "INSERT INTO item VALUES (5), (21)");
  auto writer = s.connect();
  must(writer, "BEGIN; " + rewrite);
  s.db.send("SELECT pgtrickle.refresh_stream_table('unsold')");
  CHECK(eventually(3s, [&] {
    return s.admin
             .run("SELECT count(*) FROM pg_locks WHERE NOT granted AND "
                  "relation = 'sale'::regclass")
             .value()
           != "0";
  }));
  must(writer, "COMMIT");
  const auto done = s.db.result();
  CHECK_MESSAGE((done.sqlstate.empty() || done.sqlstate == "40001"),
                done.message);
  if (!done.sqlstate.empty())
    must(s.db, "SELECT pgtrickle.refresh_stream_table('unsold')");
  CHECK(holds(s.admin, "unsold"));
}

} // namespace pgtrickle::test
