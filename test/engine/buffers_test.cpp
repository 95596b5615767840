// Change buffers: what is written to them, when they are emptied, and what
// happens when they can't be.

#include "test/engine/stream_database.hpp"
#include "test/support/eventually.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pgtrickle;

namespace {

using namespace std::chrono_literals;

struct buffered : test::stream_database {
  buffered() {
    sql("CREATE TABLE sale (id int PRIMARY KEY, item text, amount int, note "
        "text); INSERT INTO sale SELECT i, 'item' || i % 3, i, 'n' FROM "
        "generate_series(1, 90) i");
  }

  std::int64_t number(const std::string& query) {
    return sql(query)[0][0].as<std::int64_t>();
  }

  std::string buffer() {
    return sql("SELECT 'pgtrickle_changes.changes_' || 'sale'::regclass::oid")
      [0][0]
        .as<std::string>();
  }

  std::int64_t rows_captured() {
    return number("SELECT count(*) FROM " + buffer());
  }

  std::int64_t rows_announced() {
    return number("SELECT coalesce(sum(rows), 0) FROM "
                  "pgtrickle_changes.touched WHERE source = 'sale'::regclass");
  }

  std::int64_t sweep(std::int64_t worth_emptying = 0) {
    const auto swept
      = engine::sweep_change_buffers(session(), {}, {worth_emptying});
    REQUIRE_MESSAGE(swept, swept.error().message);
    return *swept;
  }

  std::int64_t announcements_after_sweep() {
    CHECK(sweep() == 0);
    return number("SELECT count(*) FROM pgtrickle_changes.touched");
  }

  void check(const std::string& table = "kept") {
    CHECK(difference(table, totals) == 0);
  }

  std::int64_t alerts(const std::string& event) {
    return number("SELECT count(*) FROM pgtrickle.pgt_alerts WHERE event = '"
                  + event + "'");
  }

  const std::string totals
    = "SELECT item, sum(amount) AS total, count(*) AS n FROM sale GROUP BY "
      "item";
};

/// Another session, whose transaction stays open.
class open_transaction {
public:
  open_transaction(const std::string& conninfo, const std::string& statement)
    : db_(conninfo) {
    run("BEGIN");
    run(statement);
  }
  void run(const std::string& statement) {
    pqxx::nontransaction{db_}.exec(statement);
  }

private:
  pqxx::connection db_;
};

} // namespace

TEST_CASE_FIXTURE(buffered,
                  "an UPDATE that changes no column in use captures nothing") {
  const auto id = create("kept", totals);
  sql("UPDATE sale SET note = note || 'x'");
  sql("UPDATE sale SET amount = amount, item = item");
  CHECK(rows_captured() == 0);
  CHECK(rows_announced() == 0);
  sql("UPDATE sale SET note = 'y', amount = amount + (id = 7)::int");
  CHECK(rows_captured() == 2);
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  check();
}

TEST_CASE_FIXTURE(buffered,
                  "an UPDATE of any column counts for a query that is "
                  "recomputed, and for no other") {
  const auto id = create("kept", totals);
  const std::string query
    = "SELECT id FROM sale ORDER BY note DESC, id LIMIT 3 OFFSET 1";
  const std::string both = "SELECT s.item, count(*) AS n FROM sale s, LATERAL "
                           "(SELECT DISTINCT ON (o.item) o.note FROM sale o "
                           "WHERE o.id = s.id ORDER BY o.item, o.note) l "
                           "WHERE l.note > 'n' GROUP BY s.item";
  const auto recomputed = create("recomputed", query);
  const auto mixed = create("mixed", both);
  sql("UPDATE sale SET note = 'x' WHERE id % 7 = 0");
  refresh({id, recomputed, mixed});
  CHECK(difference("recomputed", query) == 0);
  CHECK(difference("mixed", both) == 0);
  check();
  sql("UPDATE sale SET note = note");
  CHECK(refresh({recomputed}).at(0).action == "NO_DATA");
}

TEST_CASE_FIXTURE(buffered, "a large value that an UPDATE leaves alone is not "
                            "captured, and one that it changes is") {
  sql("ALTER TABLE sale ALTER note SET STORAGE EXTERNAL; "
      "UPDATE sale SET note = repeat(id::text, 20000) WHERE id <= 5");
  const std::string query = "SELECT id, note FROM sale";
  const auto id = create("notes", query);
  sql("UPDATE sale SET amount = amount + 1");
  CHECK(rows_captured() == 0);
  sql("UPDATE sale SET note = note || '!' WHERE id = 3");
  sql("DELETE FROM sale WHERE id = 4; INSERT INTO sale VALUES (200, 'x', 1, "
      "repeat('abc', 50000))");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("notes", query) == 0);
}

TEST_CASE_FIXTURE(buffered, "writers announce as many rows as they captured, "
                            "savepoints and many batches included") {
  const auto id = create("kept", totals);
  sql("BEGIN; INSERT INTO sale VALUES (100, 'a', 1); SAVEPOINT s; "
      "INSERT INTO sale SELECT g, 'b', 1 FROM generate_series(1000, 1500) g; "
      "ROLLBACK TO s; DELETE FROM sale WHERE id = 1; SAVEPOINT t; "
      "UPDATE sale SET amount = 0 WHERE id = 2; RELEASE t; COMMIT");
  CHECK(rows_announced() == 4);
  CHECK(rows_captured() == 4);
  sql("INSERT INTO sale SELECT g, 'item' || g % 5, g FROM "
      "generate_series(1001, 6000) g");
  sql("BEGIN; DELETE FROM sale; ROLLBACK");
  CHECK(rows_announced() == 5004);
  CHECK(rows_captured() == 5004);
  const auto outcome = refresh({id}).at(0);
  CHECK(outcome.action == "DIFFERENTIAL");
  CHECK(outcome.changes_consumed == 5004);
  check();
}

TEST_CASE_FIXTURE(buffered, "a part is emptied when the last of two stream "
                            "tables has passed it") {
  const auto fast = create("kept", totals);
  const auto slow = create("slow", totals);
  sql("UPDATE sale SET amount = amount + 1");
  refresh({fast});
  CHECK(sweep() == 0);
  CHECK(rows_captured() == 180);
  sql("DELETE FROM sale WHERE id < 10");
  refresh({slow});
  CHECK(sweep() == 0);
  refresh({fast});
  CHECK(sweep() > 0);
  CHECK(rows_captured() == 0);
  sql("INSERT INTO sale VALUES (100, 'late', 3)");
  refresh({fast, slow});
  check();
  check("slow");
}

TEST_CASE_FIXTURE(buffered, "an open transaction keeps its part, and no other "
                            "writer waits for the sweep") {
  const auto id = create("kept", totals);
  open_transaction late{conninfo(), "INSERT INTO sale VALUES (100, 'late', 3)"};
  sql("UPDATE sale SET amount = amount + 1");
  refresh({id});
  check();
  CHECK(sweep() == 0);
  late.run("COMMIT");
  CHECK(sweep() == 0);
  refresh({id});
  check();
  CHECK(sweep() > 0);
  CHECK(rows_captured() == 0);

  // as if a part was being emptied for long
  open_transaction sweeping{conninfo(), "LOCK TABLE " + buffer()
                                          + "_0 IN ACCESS EXCLUSIVE MODE"};
  sql("SET statement_timeout = '5s'; UPDATE sale SET amount = amount + 1; "
      "RESET statement_timeout");
  CHECK(number("SELECT count(*) FROM " + buffer() + "_1") == 182);
  sweeping.run("ROLLBACK");
  refresh({id});
  check();
}

TEST_CASE_FIXTURE(buffered, "writers leave a full part, and come back to it "
                            "when it is empty") {
  const auto id = create("kept", totals);
  const auto fill = [&] {
    sql("INSERT INTO sale SELECT coalesce((SELECT max(id) FROM sale), 0) + g, "
        "'big', 1 FROM generate_series(1, 350000) g");
  };
  const auto in_part = [&](int part) {
    return number(fmt::format("SELECT count(*) FROM {}_{}", buffer(), part));
  };
  fill();
  sql("UPDATE sale SET amount = 2 WHERE id = 7");
  CHECK(in_part(0) == 350000);
  CHECK(in_part(1) == 2);
  refresh({id});
  check();
  sql("UPDATE sale SET amount = 3 WHERE id = 7");
  CHECK(sweep() > 0);
  CHECK(in_part(0) == 0);
  CHECK(in_part(1) == 4);
  sql("UPDATE sale SET amount = 4 WHERE id = 7");
  CHECK(in_part(0) == 2);
  const auto outcome = refresh({id}).at(0);
  CHECK(outcome.action == "DIFFERENTIAL");
  CHECK(outcome.changes_consumed == 4);
  check();
}

TEST_CASE_FIXTURE(buffered, "a small part is not worth a TRUNCATE") {
  const auto id = create("kept", totals);
  sql("UPDATE sale SET amount = amount + 1");
  refresh({id});
  CHECK(sweep(256 * 1024) == 0);
  CHECK(rows_captured() == 180);
}

TEST_CASE_FIXTURE(buffered, "a truncated source is filled again, and its part "
                            "emptied") {
  const auto id = create("kept", totals);
  sql("UPDATE sale SET amount = 0; TRUNCATE sale; INSERT INTO sale VALUES (1, "
      "'new', 1)");
  const auto outcome = refresh({id}).at(0);
  CHECK(outcome.action == "FULL");
  CHECK(outcome.reason == "a source was truncated");
  check();
  CHECK(sweep() > 0);
  CHECK(rows_captured() == 0);
}

TEST_CASE_FIXTURE(buffered, "the announcements of a dropped stream table's "
                            "source do not hold up those of others") {
  const auto id = create("kept", totals);
  sql("CREATE TABLE other (a int)");
  const auto more = create("more", "SELECT a FROM other");
  sql("INSERT INTO other VALUES (1); UPDATE sale SET amount = 0");
  refresh({id});
  CHECK(sweep() == 1); // the buffer of sale; `touched` is held by more
  REQUIRE(engine::drop_stream_table(session(), owner(), "more", false, {}));
  (void)more;
  CHECK(sweep() == 1);
  CHECK(sql("SELECT FROM pgtrickle_changes.touched").empty());
}

TEST_CASE_FIXTURE(buffered, "a laggard holds few announcements, and reads all "
                            "that they announced") {
  const auto fast = create("kept", totals);
  const auto slow = create("slow", totals);
  const auto slower = create("slower", totals);
  const auto write = [&](int from) {
    sql(
      fmt::format("DO $$ BEGIN FOR i IN {}..{} LOOP UPDATE sale SET amount = "
                  "amount + i WHERE id = i % 90 + 1; COMMIT; END LOOP; END $$",
                  from, from + 199));
    refresh({fast});
  };
  write(1);
  refresh({slow});
  write(201);
  sql("INSERT INTO sale VALUES (100, 'late', 3)");
  const auto announced = rows_announced();
  // one for slower alone, one for slow and slower, one for all three
  CHECK(
    test::eventually(10s, [&] { return announcements_after_sweep() == 3; }));
  CHECK(rows_announced() == announced);
  CHECK(announcements_after_sweep() == 3);
  write(401);
  for (const auto& outcome : refresh({slow, slower, fast}))
    CHECK(outcome.action != "FULL");
  check();
  check("slow");
  check("slower");
  CHECK(sweep() > 0);
  CHECK(sql("SELECT FROM pgtrickle_changes.touched").empty());
}

TEST_CASE_FIXTURE(buffered,
                  "announcements are not merged while a snapshot is in "
                  "use that tells them apart") {
  const auto id = create("kept", totals);
  sql("UPDATE sale SET amount = 0 WHERE id = 1");
  open_transaction reading{conninfo(), "SET TRANSACTION ISOLATION LEVEL "
                                       "REPEATABLE READ; SELECT 1"};
  sql("UPDATE sale SET amount = 0 WHERE id = 2");
  CHECK(announcements_after_sweep() == 2);
  reading.run("COMMIT");
  CHECK(
    test::eventually(10s, [&] { return announcements_after_sweep() == 1; }));
  refresh({id});
  check();
}

TEST_CASE_FIXTURE(buffered, "a buffer beyond its limit is dropped, and only "
                            "those that had not read it are filled again") {
  sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
      "pg_trickle.max_change_buffer_mb = 2', current_database()); END $$");
  auto limited = postgres::session::open({.conninfo = conninfo()});
  REQUIRE(limited);
  const auto sweep_limited = [&] {
    const auto swept = engine::sweep_change_buffers(*limited, {}, {0});
    REQUIRE_MESSAGE(swept, swept.error().message);
    return *swept;
  };
  const auto fast = create("kept", totals);
  const auto slow = create("slow", totals);
  const auto add = [&](int rows) {
    sql(fmt::format("INSERT INTO sale SELECT (SELECT max(id) FROM sale) + g, "
                    "'big', 1 FROM generate_series(1, {}) g",
                    rows));
    refresh({fast});
  };
  add(20000);
  CHECK(sweep_limited() == 0);
  CHECK(alerts("buffer_growth") == 0);
  add(18000);
  CHECK(sweep_limited() == 0);
  CHECK(sweep_limited() == 0);
  CHECK(alerts("buffer_growth") == 1);
  CHECK(sql("SELECT payload->'stream_tables' = '[\"public.slow\"]' FROM "
            "pgtrickle.pgt_alerts WHERE event = 'buffer_growth'")[0][0]
          .as<bool>());
  add(20000);
  CHECK(sweep_limited() == 1);
  CHECK(rows_captured() == 0);
  CHECK(alerts("change_buffer_dropped") == 1);
  sql("UPDATE sale SET amount = 5 WHERE id < 4");
  const auto outcomes = refresh({fast, slow});
  CHECK(outcomes.at(0).action == "DIFFERENTIAL");
  CHECK(outcomes.at(1).action == "REINITIALIZE");
  CHECK(
    outcomes.at(1).reason
    == "the changes of public.sale outgrew pg_trickle.max_change_buffer_mb");
  check();
  check("slow");
  sql("UPDATE sale SET amount = 6 WHERE id < 4");
  CHECK(refresh({slow}).at(0).action == "DIFFERENTIAL");
  check("slow");
}
