// Databases that were loaded from a dump: stream tables go on where they were.

#include "test/engine/sold.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::test;

TEST_CASE_FIXTURE(sold, "what each stream table of a dump had still to consume "
                        "it consumes where the dump is loaded") {
  const auto items = create("by_item", by_item);
  const auto above = create("large", large);
  const auto pairs = create("joined", joined);
  const auto negated = create("priceless", priceless);
  // each at another frontier; one that waits for long
  change();
  refresh({items, above, pairs});
  change();
  refresh({items});
  change();
  refresh({pairs});
  change();

  restored_database copy{*this};
  SUBCASE("quiet") {}
  SUBCASE("written to before it was adopted") { change_copy(copy); }
  const auto report = copy.adopt();
  CHECK(report.continued.size() == 4);
  CHECK(report.reinitialised.empty());
  for (const auto& outcome : copy.refresh({items, above, pairs, negated}))
    CHECK_MESSAGE(outcome.action == "DIFFERENTIAL",
                  outcome.name << ": " << outcome.reason);
  const auto check = [&] {
    CHECK(copy.difference("by_item", by_item) == 0);
    CHECK(copy.difference("large", large) == 0);
    CHECK(copy.difference("joined", joined) == 0);
    CHECK(copy.difference("priceless", priceless) == 0);
  };
  check();
  // and goes on from there
  copy.sql("UPDATE sale SET item = 'item0', amount = amount * 2 "
           "WHERE id % 3 = 1");
  copy.sql("DELETE FROM item WHERE name = 'item2'");
  for (const auto& outcome : copy.refresh({items, above, pairs, negated}))
    CHECK(outcome.action == "DIFFERENTIAL");
  check();
  CHECK_FALSE(copy.is_restored());
  CHECK(engine::sweep_change_buffers(copy.session(), {}, {0}).value_or(0) > 0);
  change_copy(copy);
  copy.refresh({items, above, pairs, negated});
  check();
}

TEST_CASE_FIXTURE(sold,
                  "a database that was copied as a whole is not taken for "
                  "a dump, and gets an identity of its own") {
  const auto items = create("by_item", by_item);
  const auto home
    = [&] { return sql("SELECT pgtrickle._home()")[0][0].as<std::string>(); };
  const auto before = home();
  // what CREATE DATABASE copies names the database that it was made for
  sql("UPDATE pgtrickle.pgt_owner SET database = 1; "
      "SELECT pgtrickle._settle_home()");
  const auto own = home();
  CHECK(own != before);
  sql("SELECT pgtrickle._settle_home()");
  CHECK(home() == own);
  CHECK_FALSE(sql("SELECT pgtrickle._is_restored()")[0][0].as<bool>());
  change();
  CHECK(refresh({items})[0].action == "DIFFERENTIAL");
  CHECK(difference("by_item", by_item) == 0);
}

TEST_CASE_FIXTURE(sold, "a transaction that is open while the dump is taken "
                        "divides the changes of a frontier") {
  const auto items = create("by_item", by_item);
  const auto pairs = create("joined", joined);
  pqxx::connection late{conninfo()};
  pqxx::nontransaction open{late};
  open.exec("BEGIN; INSERT INTO sale VALUES (500, 'item1', 5)");
  change();
  refresh({items}); // has seen what came after the open one
  open.exec("COMMIT");
  change();
  refresh({pairs}); // has seen the open one as well
  restored_database copy{*this};
  CHECK(copy.adopt().continued.size() == 2);
  const auto outcomes = copy.refresh({items, pairs});
  CHECK(outcomes[0].action == "DIFFERENTIAL");
  CHECK(outcomes[1].action == "NO_DATA");
  CHECK(copy.difference("by_item", by_item) == 0);
  CHECK(copy.difference("joined", joined) == 0);
}

TEST_CASE_FIXTURE(sold,
                  "a truncation that is consumed is not dumped as one, and "
                  "one that is not is followed") {
  const auto items = create("by_item", by_item);
  const auto pairs = create("joined", joined);
  sql("TRUNCATE sale; INSERT INTO sale VALUES (1, 'item1', 5)");
  refresh({items});
  sql("INSERT INTO sale VALUES (2, 'item1', 6)");
  restored_database copy{*this};
  CHECK(copy.adopt().continued.size() == 2);
  const auto outcomes = copy.refresh({items, pairs});
  CHECK(outcomes[0].action == "DIFFERENTIAL");
  CHECK(outcomes[1].reason == "a source was truncated");
  CHECK(copy.difference("by_item", by_item) == 0);
  CHECK(copy.difference("joined", joined) == 0);
}

TEST_CASE_FIXTURE(sold,
                  "an IMMEDIATE stream table refuses its writers until it "
                  "is adopted, and follows them afterwards") {
  create("by_item", by_item, "IMMEDIATE");
  const auto above = create("large", large);
  sql("UPDATE sale SET amount = amount + 1");
  restored_database copy{*this};
  CHECK_THROWS(copy.sql("DELETE FROM sale WHERE id = 4"));
  CHECK(copy.adopt().continued.size() == 2);
  CHECK(copy.difference("by_item", by_item) == 0);
  copy.sql("DELETE FROM sale WHERE id % 4 = 0");
  CHECK(copy.difference("by_item", by_item) == 0);
  CHECK(copy.refresh({above})[0].action == "DIFFERENTIAL");
  CHECK(copy.difference("large", large) == 0);
}

TEST_CASE_FIXTURE(sold, "partitions, a partition that is read by itself, and "
                        "names in need of quotes come over") {
  sql(
    "CREATE SCHEMA \"My schema\"; CREATE TABLE \"My schema\".\"Part's\" (k "
    "int, "
    "\"The value\" numeric) PARTITION BY RANGE (k); "
    "CREATE TABLE \"My schema\".low PARTITION OF \"My schema\".\"Part's\" FOR "
    "VALUES FROM (0) TO (10); CREATE TABLE \"My schema\".high PARTITION OF "
    "\"My schema\".\"Part's\" FOR VALUES FROM (10) TO (20); "
    "INSERT INTO \"My schema\".\"Part's\" SELECT i, i FROM "
    "generate_series(0, 19) i");
  const std::string all = "SELECT sum(\"The value\") AS \"S\", count(*) AS n "
                          "FROM \"My schema\".\"Part's\"";
  const std::string low = "SELECT k, \"The value\" FROM \"My schema\".low";
  const auto whole = create("\"My schema\".\"All of it\"", all);
  const auto part = create("\"My schema\".\"low ones\"", low);
  sql(
    "UPDATE \"My schema\".\"Part's\" SET \"The value\" = 1.50 WHERE k % 3 = 0");
  restored_database copy{*this};
  copy.sql("INSERT INTO \"My schema\".low VALUES (3, 7); "
           "DELETE FROM \"My schema\".\"Part's\" WHERE k IN (1, 11)");
  CHECK(copy.adopt().continued.size() == 2);
  for (const auto& outcome : copy.refresh({whole, part}))
    CHECK(outcome.action == "DIFFERENTIAL");
  CHECK(copy.difference("\"My schema\".\"All of it\"", all) == 0);
  CHECK(copy.difference("\"My schema\".\"low ones\"", low) == 0);
}

TEST_CASE_FIXTURE(sold,
                  "renames that the dump caught in between are followed") {
  const auto items = create("by_item", by_item);
  sql("UPDATE sale SET amount = 3 WHERE id < 9; "
      "ALTER TABLE sale RENAME TO sold; "
      "ALTER TABLE sold RENAME amount TO price");
  restored_database copy{*this};
  CHECK(copy.adopt().continued.size() == 1);
  copy.sql("DELETE FROM sold WHERE id = 50");
  const auto outcome = copy.refresh({items})[0];
  CHECK_MESSAGE(outcome.action == "DIFFERENTIAL", outcome.reason);
  CHECK(copy.difference("by_item",
                        "SELECT item, count(*) AS n, sum(price) AS total, "
                        "max(price) AS most FROM sold GROUP BY item")
        == 0);
}

TEST_CASE_FIXTURE(sold, "DDL after the dump was adopted is followed as ever") {
  const auto items = create("by_item", by_item);
  const auto pairs = create("joined", joined);
  restored_database copy{*this};
  CHECK(copy.adopt().continued.size() == 2);
  copy.sql("ALTER TABLE sale RENAME amount TO price; "
           "UPDATE sale SET price = 1 WHERE id = 9");
  const auto outcomes = copy.refresh({items, pairs});
  CHECK_MESSAGE(outcomes[0].action == "DIFFERENTIAL", outcomes[0].reason);
  CHECK_MESSAGE(outcomes[1].action == "DIFFERENTIAL", outcomes[1].reason);
  CHECK_THROWS(copy.sql("ALTER TABLE by_item DROP n"));
  copy.sql("DROP TABLE joined");
  CHECK(
    copy.sql("SELECT count(*) FROM pgtrickle.pgt_stream_tables")[0][0].as<int>()
    == 1);
}

TEST_CASE_FIXTURE(sold,
                  "a second adoption finds nothing to do, and a dump of the "
                  "copy is as good as one of the original") {
  const auto items = create("by_item", by_item);
  change();
  restored_database copy{*this};
  CHECK(copy.adopt().continued.size() == 1);
  CHECK(copy.adopt().continued.empty());
  change_copy(copy);
  restored_database again{copy};
  CHECK(again.adopt().continued.size() == 1);
  CHECK(again.refresh({items})[0].action == "DIFFERENTIAL");
  CHECK(again.difference("by_item", by_item) == 0);
}
