#include "test/scenarios/copies.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

const std::string tables
  = "CREATE SCHEMA \"the shop\"; SET search_path = \"the shop\", public;"
    "CREATE TABLE item (junk int, name text PRIMARY KEY, price numeric(10, 2));"
    "ALTER TABLE item DROP junk;"
    "CREATE TABLE sale (id serial PRIMARY KEY, item text, amount int);"
    "INSERT INTO item SELECT 'item' || i, i FROM generate_series(0, 9) i;"
    "INSERT INTO sale (item, amount) SELECT 'item' || i % 10, i"
    " FROM generate_series(1, 500) i;"
    "CREATE TABLE event (day int, what text) PARTITION BY LIST (day);"
    "CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);"
    "CREATE TABLE event_2 PARTITION OF event FOR VALUES IN (2)";

/// Name, query and whether it is IMMEDIATE.
struct stream_table {
  std::string name;
  std::string query;
  std::string mode = "DIFFERENTIAL";
};

const std::vector<stream_table> stream_tables{
  {"revenue", "SELECT i.name, sum(s.amount * i.price) AS total, count(*) AS n "
              "FROM sale s JOIN item i ON i.name = s.item GROUP BY i.name"},
  {"\"Best items\"", "SELECT name FROM revenue WHERE total > 5000"},
  {"events", "SELECT what, count(*) AS n FROM event GROUP BY what"},
  {"unsold", "SELECT name FROM item i WHERE NOT EXISTS (SELECT FROM sale s "
             "WHERE s.item = i.name)"},
  {"largest", "SELECT id, amount FROM sale ORDER BY amount DESC, id LIMIT 5"},
  {"prices", "SELECT name, price FROM item", "IMMEDIATE"},
};

} // namespace

void shop::create(const private_postgres& server, const private_nats& nats) {
  session first(server.conninfo());
  must(first, "CREATE DATABASE shop");
  must(first,
       "ALTER DATABASE shop SET pg_trickle.nats_url = '" + nats.url() + "'");
  session db(server.conninfo("shop"));
  must(db, "CREATE EXTENSION pg_trickle");
  must(db, tables);
  REQUIRE(eventually(
    20s, [&] { return db.run("SELECT pgtrickle.ping()").sqlstate.empty(); }));
  for (const auto& table : stream_tables)
    must(db, "SELECT pgtrickle.create_stream_table(" + db.literal(table.name)
               + ", " + db.literal(table.query)
               + (table.mode == "IMMEDIATE" ? ", 'calculated'" : ", '1s'")
               + ", '" + table.mode + "')");
}

shop::shop(const private_postgres& server, const std::string& database)
  : db(server.conninfo(database)) {
  must(db, "SET statement_timeout = '60s'; "
           "SET search_path = \"the shop\", public");
}

bool shop::comes_right(std::chrono::milliseconds limit) {
  bool all = true;
  for (const auto& table : stream_tables) {
    const bool right = comes_true(db, table.name, limit);
    CHECK_MESSAGE(right, table.name);
    all = all && right;
  }
  return all;
}

std::string shop::full_refreshes_since(const std::string& moment) {
  return db
    .run("SELECT coalesce(string_agg(pgt_name || ': ' || action || ' ' ||"
         " coalesce(reason, ''), ', '), 'none')"
         " FROM pgtrickle.pgt_refresh_history JOIN pgtrickle.pgt_stream_tables"
         " USING (pgt_id) WHERE start_time > "
         + db.literal(moment)
         + " AND action NOT IN ('DIFFERENTIAL', 'NO_DATA')")
    .value();
}

std::string shop::now() { return db.run("SELECT clock_timestamp()").value(); }

void shop::change() {
  must(db, "INSERT INTO sale (item, amount)"
           " SELECT 'item' || i % 9, 1000 - i FROM generate_series(1, 30) i");
  must(db, "UPDATE sale SET amount = amount + 1 WHERE id % 11 = 0");
  must(db, "BEGIN; DELETE FROM sale WHERE item = 'item9'; SAVEPOINT s;"
           "UPDATE item SET price = price + 0.5 WHERE name = 'item3';"
           "RELEASE s; INSERT INTO event VALUES (1, 'a'), (2, 'b'); COMMIT");
}

void shop::take_snapshot(const std::string& name) {
  must(db, "SELECT pgtrickle.snapshot_stream_table('revenue', '" + name + "')");
  must(db, "UPDATE sale SET amount = amount + 3 WHERE id % 7 = 0");
}

void shop::goes_on_from_snapshot(const std::string& name) {
  CHECK(db.run("SELECT concat(resumable, reason) FROM "
               "pgtrickle.list_snapshots('revenue')")
          .value()
        == "t");
  const auto began = now();
  must(db, "SELECT pgtrickle.restore_from_snapshot('revenue', '" + name + "')");
  CHECK(comes_true(db, "revenue", 15s));
  CHECK(comes_true(db, "\"Best items\"", 15s));
  CHECK(db.run("SELECT string_agg(DISTINCT action, ' ' ORDER BY action) FROM "
               "pgtrickle.get_refresh_history('revenue', 100) WHERE start_time "
               "> "
               + db.literal(began) + " AND action <> 'NO_DATA'")
          .value()
        == "DIFFERENTIAL RESTORE");
}

shop_writer::shop_writer(const private_postgres& server)
  : thread_([this, conninfo = server.conninfo("shop")] {
      session db(conninfo);
      must(db, "SET search_path = \"the shop\", public");
      while (goes_on_ && db.connected()) {
        db.run("INSERT INTO sale (item, amount) VALUES"
               " ('item' || (random() * 9)::int, (random() * 100)::int)");
        db.run("UPDATE sale SET amount = amount + 1"
               " WHERE id = (SELECT max(id) - 3 FROM sale)");
        db.run("INSERT INTO event VALUES (1 + (random())::int, 'w')");
        ++written_;
      }
    }) {}

shop_writer::~shop_writer() { stop(); }

int shop_writer::stop() {
  goes_on_ = false;
  if (thread_.joinable())
    thread_.join();
  return written_;
}

} // namespace pgtrickle::test
