// A subscriber of logical replication: PostgreSQL applies what the publisher
// did row by row, and stream tables there follow.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

const std::string tables
  = "CREATE TABLE customer (id int PRIMARY KEY, region text);"
    "CREATE TABLE sale (id int, day int, customer int, amount int,"
    " PRIMARY KEY (id, day)) PARTITION BY LIST (day);"
    "CREATE TABLE sale_1 PARTITION OF sale FOR VALUES IN (1);"
    "CREATE TABLE sale_2 PARTITION OF sale FOR VALUES IN (2);"
    "CREATE TABLE note (id int PRIMARY KEY, what text)";

const std::string regions
  = "SELECT c.region, count(*) AS n, sum(s.amount) AS total FROM sale s"
    " JOIN customer c ON c.id = s.customer GROUP BY c.region";

/// A cluster that can be published from, with a daemon and a database `shop`.
struct node {
  explicit node(const std::string& name)
    : daemon{postgres.conninfo(), the_installation().nats.url(), name} {
    daemon.start();
    must(first, "CREATE DATABASE shop; ");
    must(first, "ALTER DATABASE shop SET pg_trickle.nats_url = '"
                  + the_installation().nats.url() + "'");
    db.emplace(postgres.conninfo("shop"));
    must(*db, "SET statement_timeout = '60s'; CREATE EXTENSION pg_trickle");
    must(*db, tables);
    REQUIRE(eventually(20s, [&] {
      return db->run("SELECT pgtrickle.validate_query('SELECT 1')")
        .sqlstate.empty();
    }));
  }

  std::string value(const std::string& query) { return db->run(query).value(); }

  /// Refreshes of another kind than DIFFERENTIAL since `moment`.
  std::string others_since(const std::string& moment) {
    return value("SELECT coalesce(string_agg(concat_ws(' ', pgt_name, action, "
                 "reason), ', '), 'none') FROM pgtrickle.pgt_refresh_history "
                 "JOIN pgtrickle.pgt_stream_tables USING (pgt_id) WHERE "
                 "start_time > '"
                 + moment + "' AND action NOT IN ('DIFFERENTIAL', 'NO_DATA')");
  }

  private_postgres postgres{"wal_level = logical\n"
                            "wal_retrieve_retry_interval = 100\n"
                            "wal_receiver_status_interval = 1\n"};
  private_daemon daemon;
  session first{postgres.conninfo()};
  std::optional<session> db;
};

struct replication {
  node publisher{"publisher"};
  node subscriber{"subscriber"};

  replication() {
    must(*publisher.db, "INSERT INTO customer SELECT i, 'region' || i % 4"
                        " FROM generate_series(1, 40) i;"
                        "INSERT INTO sale SELECT i, 1 + i % 2, 1 + i % 40, i"
                        " FROM generate_series(1, 2000) i;"
                        "CREATE PUBLICATION shop FOR TABLE customer, sale");
  }

  std::string from() const { return publisher.postgres.conninfo("shop"); }

  void subscribe() {
    must(*subscriber.db, "CREATE SUBSCRIPTION shop CONNECTION '" + from()
                           + "' PUBLICATION shop");
    arrived();
  }

  /// Waits until what was written to the publisher is at the subscriber.
  void arrived() {
    const auto at = publisher.value("SELECT pg_current_wal_lsn()");
    const bool synced = eventually(30s, [&] {
      return subscriber.value("SELECT count(*) FROM pg_subscription_rel WHERE "
                              "srsubstate <> 'r'")
               == "0"
             && publisher.value("SELECT bool_and(replay_lsn >= '" + at
                                + "') FROM pg_stat_replication")
                  == "t";
    });
    REQUIRE_MESSAGE(synced, subscriber.postgres.log());
  }

  /// Changes of every kind, at the publisher.
  void change() {
    const auto first_id = std::to_string(10'000 * ++changes_);
    must(*publisher.db,
         "INSERT INTO sale SELECT " + first_id
           + " + i, 1 + i % 2, 1 + i % 40, i FROM generate_series(1, 100) i;"
             "UPDATE sale SET amount = amount + 1 WHERE id % 11 = 0;"
             "UPDATE sale SET day = 3 - day WHERE id % 13 = 0;"
             "BEGIN; DELETE FROM sale WHERE id % 17 = 0; SAVEPOINT s;"
             "UPDATE customer SET region = 'region9' WHERE id % 5 = 0;"
             "RELEASE s; COMMIT");
    arrived();
  }

private:
  int changes_ = 0;
};

} // namespace

TEST_CASE("a copied snapshot goes on at a subscriber, by what is replicated") {
  replication r;
  must(*r.publisher.db, "SELECT pgtrickle.create_stream_table('regions', '"
                          + regions + "', '1s', 'DIFFERENTIAL')");
  must(*r.publisher.db,
       "SELECT pgtrickle.snapshot_stream_table('regions', 'public.kept')");
  must(*r.publisher.db, "DELETE FROM sale WHERE id % 7 = 0");
  r.subscribe();

  const auto copied
    = run_ctl({"snapshot", "copy", "public.kept", "--from", r.from(), "--to",
               r.subscriber.postgres.conninfo("shop"), "--as", "public.kept"});
  REQUIRE_MESSAGE(copied.status == 0, copied.output);
  auto& here = *r.subscriber.db;
  must(here, "SELECT pgtrickle.restore_from_snapshot('regions', 'kept')");
  CHECK(holds(here, "regions"));
  const auto reasons
    = r.subscriber.value("SELECT string_agg(reason, ', ') FROM "
                         "pgtrickle.pgt_refresh_history");
  CHECK_MESSAGE(reasons.find("it was taken in another cluster or database")
                  != std::string::npos,
                reasons);
  const auto restored = r.subscriber.value("SELECT clock_timestamp()");
  for (int i = 0; i < 3; ++i) {
    r.change();
    CHECK(comes_true(here, "regions"));
  }
  CHECK(r.subscriber.others_since(restored) == "none");
  CHECK(r.subscriber.value("SELECT string_agg(DISTINCT action, ' ') FROM "
                           "pgtrickle.pgt_refresh_history WHERE action <> "
                           "'NO_DATA' AND start_time > '"
                           + restored + "'")
        == "DIFFERENTIAL");
  // Who writes there himself is captured as well, and once.
  must(here, "UPDATE sale SET amount = 2 * amount WHERE id % 3 = 0");
  r.change();
  CHECK(comes_true(here, "regions"));
  CHECK(r.subscriber.others_since(restored) == "none");
  must(*r.publisher.db, "TRUNCATE sale");
  r.arrived();
  CHECK(comes_true(here, "regions"));
  CHECK(holds(*r.publisher.db, "regions"));
}

TEST_CASE("stream tables follow a table before, while and after it is "
          "subscribed") {
  replication r;
  auto& here = *r.subscriber.db;
  must(here, "INSERT INTO note VALUES (1, 'own')");
  for (const std::string& table :
       {"'regions', '" + regions + "', '1s', 'DIFFERENTIAL'",
        std::string{"'notes', 'SELECT what, count(*) AS n FROM note GROUP BY "
                    "what', '1s', 'DIFFERENTIAL'"},
        std::string{"'at_once', 'SELECT day, sum(amount) AS total FROM sale "
                    "GROUP BY day', 'calculated', 'IMMEDIATE'"}})
    must(here, "SELECT pgtrickle.create_stream_table(" + table + ")");
  const auto began = r.subscriber.value("SELECT clock_timestamp()");
  const auto right = [&](const std::string& when) {
    CAPTURE(when);
    for (const std::string name : {"regions", "notes"})
      CHECK(comes_true(here, name));
    CHECK(holds(here, "at_once"));
  };
  // The copy that a subscription begins with, and what comes meanwhile.
  r.subscribe();
  right("copied");
  r.change();
  right("subscribed");
  must(*r.publisher.db,
       "INSERT INTO note SELECT i, 'note' || i % 3 FROM generate_series(2, 50) "
       "i; ALTER PUBLICATION shop ADD TABLE note");
  must(here, "ALTER SUBSCRIPTION shop REFRESH PUBLICATION");
  r.arrived();
  right("another table copied");
  must(*r.publisher.db, "UPDATE note SET what = 'note1' WHERE id % 2 = 0");
  r.change();
  right("another table subscribed");
  must(here, "DROP SUBSCRIPTION shop");
  must(here, "UPDATE sale SET amount = amount + 1; DELETE FROM note WHERE id = "
             "3; INSERT INTO customer VALUES (41, 'region1')");
  right("no longer subscribed");
  CHECK(r.subscriber.others_since(began) == "none");
}

TEST_CASE("a subscription that would write to stream tables or to pg_trickle "
          "itself is refused") {
  replication r;
  auto& here = *r.subscriber.db;
  must(here, "INSERT INTO note VALUES (1, 'own')");
  must(here, "SELECT pgtrickle.create_stream_table('notes', 'SELECT what, "
             "count(*) AS n FROM note GROUP BY what', '1s')");
  must(*r.publisher.db,
       "CREATE TABLE notes (what text, n bigint, PRIMARY KEY (what)); INSERT "
       "INTO notes VALUES ('x', 1); CREATE PUBLICATION everything FOR ALL "
       "TABLES; CREATE PUBLICATION result FOR TABLE notes");
  for (const std::string publication : {"everything", "result"}) {
    CAPTURE(publication);
    const auto refused = here.run("CREATE SUBSCRIPTION wrong CONNECTION '"
                                  + r.from() + "' PUBLICATION " + publication);
    CHECK_MESSAGE(refused.sqlstate == "55000", refused.message);
    CHECK(refused.message.find("subscription wrong would write to") == 0);
    CHECK(refused.detail.find("replication slot wrong") != std::string::npos);
    must(*r.publisher.db, "SELECT pg_drop_replication_slot('wrong')");
  }
  CHECK(r.subscriber.value("SELECT count(*) FROM pg_subscription") == "0");
  // By the back door, the rows are refused.
  must(here, "ALTER EVENT TRIGGER pg_trickle_subscription_tracker DISABLE");
  must(here, "CREATE SUBSCRIPTION wrong CONNECTION '" + r.from()
               + "' PUBLICATION result");
  CHECK(eventually(15s, [&] {
    return r.subscriber.postgres.log().find(
             "public.notes is a stream table: its rows follow its defining "
             "query")
           != std::string::npos;
  }));
  CHECK(holds(here, "notes"));
  must(here, "DROP SUBSCRIPTION wrong");
}

} // namespace pgtrickle::test
