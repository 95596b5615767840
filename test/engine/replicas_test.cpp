// What is written in sessions that call themselves replicas
// (session_replication_role), and where the triggers of pg_trickle fire.

#include "test/engine/sales_database.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pgtrickle;
using test::by_item;

namespace {

struct replicated : test::sales_database {
  void as_replica(const std::string& statements) {
    sql("SET session_replication_role = replica");
    sql(statements);
    sql("RESET session_replication_role");
  }

  /// The next refresh of `id` is differential, and right.
  void follows(stream_table_id id, const std::string& table,
               const std::string& query) {
    CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
    CHECK(difference(table, query) == 0);
  }
};

const std::string of_days
  = "SELECT day, count(*) AS n, sum(size) AS total FROM event GROUP BY day";

} // namespace

TEST_CASE_FIXTURE(replicated, "what a replica writes is captured, and once") {
  const auto id = create("kept", by_item);
  for (const std::string dml :
       {"INSERT INTO sale VALUES (30, 'item1', 5), (31, 'new', 6)",
        "UPDATE sale SET amount = amount + 1 WHERE id < 9",
        "DELETE FROM sale WHERE id % 4 = 0",
        "COPY sale (id, amount) FROM PROGRAM 'printf ''90\\t1\\n91\\t2\\n'''",
        "INSERT INTO sale VALUES (30, 'item2', 8), (40, 'item2', 1) ON "
        "CONFLICT (id) DO UPDATE SET amount = excluded.amount",
        "MERGE INTO sale s USING (VALUES (30), (50)) v (id) ON s.id = v.id "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.id, "
        "'item1', 3)",
        "BEGIN; DELETE FROM sale WHERE id = 1; SAVEPOINT s; DELETE FROM sale; "
        "ROLLBACK TO s; UPDATE sale SET item = 'item9' WHERE id = 2; COMMIT",
        "BEGIN; UPDATE sale SET amount = 0; RESET session_replication_role; "
        "UPDATE sale SET amount = id; COMMIT"}) {
    CAPTURE(dml);
    as_replica(dml);
    follows(id, "kept", by_item);
    sql("UPDATE sale SET amount = amount + 2 WHERE id = 2");
    follows(id, "kept", by_item);
  }
  as_replica("TRUNCATE sale");
  refresh({id});
  CHECK(difference("kept", by_item) == 0);
  as_replica("INSERT INTO sale VALUES (1, 'a', 1)");
  follows(id, "kept", by_item);
}

TEST_CASE_FIXTURE(replicated, "a replica's rows are captured in partitions and "
                              "children, wherever they are read") {
  sql("CREATE TABLE event (day int, size int) PARTITION BY LIST (day); CREATE "
      "TABLE event_1 PARTITION OF event FOR VALUES IN (1); CREATE TABLE "
      "event_2 PARTITION OF event FOR VALUES IN (2, 3) PARTITION BY LIST "
      "(day); CREATE TABLE event_3 PARTITION OF event_2 FOR VALUES IN (3); "
      "CREATE TABLE event_4 PARTITION OF event_2 FOR VALUES IN (2); INSERT "
      "INTO event SELECT 1 + i % 3, i FROM generate_series(1, 30) i; CREATE "
      "TABLE child () INHERITS (sale); INSERT INTO child VALUES (1, 'item1', "
      "1)");
  const std::string of_part = "SELECT day, size FROM event_2";
  const auto whole = create("whole", of_days);
  const auto part = create("part", of_part);
  const auto kept = create("kept", by_item);
  const int filled = 3;
  const auto check = [&] {
    refresh({whole, part, kept});
    CHECK(difference("whole", of_days) == 0);
    CHECK(difference("part", of_part) == 0);
    CHECK(difference("kept", by_item) == 0);
  };
  const auto write = [&] {
    as_replica("INSERT INTO event VALUES (1, 5), (2, 5), (3, 7); UPDATE event "
               "SET day = 1 + day % 3 WHERE size % 5 = 0; DELETE FROM event_2 "
               "WHERE size % 7 = 0; INSERT INTO event_4 VALUES (2, 9); UPDATE "
               "child SET amount = 9; INSERT INTO child VALUES (9, 'x', 4)");
    check();
    sql("UPDATE event SET day = 1 + day % 3 WHERE size % 4 = 0; INSERT INTO "
        "event_2 VALUES (3, 1); DELETE FROM child WHERE id = 9");
    check();
  };
  write();
  CHECK(sql("SELECT count(*) FROM pgtrickle.pgt_refresh_history WHERE action "
            "IN ('FULL', 'REINITIALIZE')")[0][0]
          .as<int>()
        == filled);
  // DDL is noticed there as well.
  as_replica("CREATE TABLE event_5 PARTITION OF event FOR VALUES IN (5); "
             "INSERT INTO event VALUES (5, 5); CREATE TABLE event_6 (day int, "
             "size int); INSERT INTO event_6 VALUES (6, 6); ALTER TABLE event "
             "ATTACH PARTITION event_6 FOR VALUES IN (6); CREATE TABLE late () "
             "INHERITS (sale)");
  check();
  as_replica("INSERT INTO event VALUES (5, 1), (6, 2); INSERT INTO late VALUES "
             "(1, 'item2', 3)");
  write();
  as_replica("TRUNCATE event_2");
  check();
  sql("ALTER TABLE event DETACH PARTITION event_6; INSERT INTO event_6 VALUES "
      "(6, 7)");
  check();
}

TEST_CASE_FIXTURE(replicated, "triggers fire where they are to, whatever is "
                              "enabled and disabled") {
  sql("CREATE TABLE event (day int, size int) PARTITION BY LIST (day); CREATE "
      "TABLE event_1 PARTITION OF event FOR VALUES IN (1)");
  const auto kept = create("kept", by_item);
  const auto whole = create("whole", of_days);
  const auto at_once = create("at_once", by_item, "IMMEDIATE");
  const auto trigger = [&](const std::string& name) {
    return fmt::format("pgt_capture_{}_{}",
                       sql("SELECT 'sale'::regclass::oid")[0][0].c_str(), name);
  };
  int written = 100;
  for (const std::string& ddl :
       {std::string{"ALTER TABLE sale DISABLE TRIGGER ALL"},
        std::string{"ALTER TABLE sale ENABLE TRIGGER ALL"},
        std::string{"ALTER TABLE event DISABLE TRIGGER USER"},
        std::string{"ALTER TABLE event_1 ENABLE TRIGGER USER"},
        std::string{"ALTER TABLE kept ENABLE TRIGGER ALL"},
        "ALTER TABLE sale ENABLE ALWAYS TRIGGER " + trigger("insert"),
        "ALTER TABLE sale ENABLE REPLICA TRIGGER " + trigger("insert"),
        "ALTER TABLE sale ENABLE ALWAYS TRIGGER " + trigger("replica"),
        "ALTER TABLE sale ENABLE TRIGGER " + trigger("truncate")}) {
    CAPTURE(ddl);
    sql(ddl);
    const auto insert = fmt::format("INSERT INTO sale VALUES ({}, 'x', 1); "
                                    "INSERT INTO event VALUES (1, 1)",
                                    ++written);
    sql(insert);
    follows(kept, "kept", by_item);
    follows(whole, "whole", of_days);
    as_replica("UPDATE sale SET amount = amount + 1; UPDATE event SET size = "
               "size + 1");
    follows(kept, "kept", by_item);
    follows(whole, "whole", of_days);
    CHECK(difference("at_once", by_item) == 0);
  }
  const auto replica = trigger("replica");
  sql("DROP TRIGGER " + replica + " ON sale");
  as_replica("DELETE FROM sale WHERE id = 1");
  CHECK(refresh({kept}).at(0).action == "REINITIALIZE");
  CHECK(difference("kept", by_item) == 0);
  as_replica("DELETE FROM sale WHERE id = 2");
  follows(kept, "kept", by_item);
  static_cast<void>(at_once);
}

TEST_CASE_FIXTURE(replicated, "an IMMEDIATE stream table has caught up at the "
                              "end of a replica's transaction") {
  sql("CREATE TABLE item (name text PRIMARY KEY, price int); INSERT INTO item "
      "SELECT 'item' || i, i FROM generate_series(0, 3) i; CREATE TABLE event "
      "(day int, size int) PARTITION BY LIST (day); CREATE TABLE event_1 "
      "PARTITION OF event DEFAULT");
  const std::string joined = "SELECT s.id, i.price FROM sale s JOIN item i ON "
                             "i.name = s.item";
  const std::string above = "SELECT price, count(*) AS n FROM kept GROUP BY 1";
  create("kept", joined, "IMMEDIATE");
  create("on_top", above, "IMMEDIATE");
  create("whole", of_days, "IMMEDIATE");
  const auto later = create("later", above);
  const auto check = [&] {
    CHECK(difference("kept", joined) == 0);
    CHECK(difference("on_top", above) == 0);
    CHECK(difference("whole", of_days) == 0);
    refresh({later});
    CHECK(difference("later", above) == 0);
  };
  for (const std::string dml :
       {"BEGIN; INSERT INTO sale VALUES (30, 'item1', 5); INSERT INTO item "
        "VALUES ('new', 7); INSERT INTO sale VALUES (31, 'new', 5); COMMIT",
        "UPDATE sale SET item = 'item2' WHERE id < 9",
        "BEGIN; SAVEPOINT s; DELETE FROM sale; ROLLBACK TO s; UPDATE item SET "
        "price = price + 1; SAVEPOINT t; DELETE FROM sale WHERE id = 3; "
        "RELEASE t; COMMIT",
        "INSERT INTO event SELECT i, i FROM generate_series(1, 9) i",
        "UPDATE event_1 SET day = 1", "BEGIN; DELETE FROM item; ROLLBACK",
        "BEGIN; DELETE FROM sale WHERE id = 4; RESET session_replication_role; "
        "DELETE FROM sale WHERE id = 5; SET session_replication_role = "
        "replica; DELETE FROM sale WHERE id = 6; COMMIT",
        "TRUNCATE event",
        "BEGIN; TRUNCATE sale; INSERT INTO sale VALUES (1, "
        "'item1', 1); COMMIT"}) {
    CAPTURE(dml);
    as_replica(dml);
    check();
    sql("INSERT INTO event VALUES (4, 4); UPDATE sale SET item = 'item1' WHERE "
        "id = 7");
    check();
  }
}

TEST_CASE_FIXTURE(replicated,
                  "a replica may not write to a stream table either") {
  create("kept", by_item);
  create("at_once", by_item, "IMMEDIATE");
  for (const std::string name : {"kept", "at_once"})
    for (const std::string dml :
         {"INSERT INTO {} VALUES ('x', 1)", "UPDATE {} SET n = 0",
          "DELETE FROM {}", "TRUNCATE {}"}) {
      CAPTURE(dml);
      sql("SET session_replication_role = replica");
      CHECK(state_of(fmt::format(fmt::runtime(dml), name)) == "55000");
      sql("RESET session_replication_role");
      CHECK(difference(name, by_item) == 0);
    }
  // Subscriptions fire triggers of rows only.
  CHECK(sql("SELECT string_agg(DISTINCT concat_ws(' ', tgname, tgenabled, "
            "tgtype & 1), ', ') FROM pg_trigger WHERE tgrelid = "
            "'kept'::regclass")[0][0]
          .as<std::string>()
        == "pgt_dml_guard A 0, pgt_dml_guard_replica R 1");
}
