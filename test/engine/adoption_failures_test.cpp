// Databases that were loaded from a dump, and where something is missing or in
// the way.

#include "test/engine/sold.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::test;

TEST_CASE_FIXTURE(sold, "what is not whole is filled anew, and the reason says "
                        "why") {
  const auto items = create("by_item", by_item);
  const auto above = create("large", large);
  const auto pairs = create("joined", joined);
  change();
  restored_database copy{*this};
  std::string reason;
  const auto lose = [&](const std::string& statement, const std::string& why) {
    copy.sql(statement);
    reason = "restored from a dump: " + why;
  };
  SUBCASE("a trigger was away") {
    lose("DROP TRIGGER pgt_capture_"
           + sql("SELECT 'sale'::regclass::oid")[0][0].as<std::string>()
           + "_update ON sale; UPDATE sale SET amount = 4",
         "public.sale was without its trigger pgt_capture_"
           + sql("SELECT 'sale'::regclass::oid")[0][0].as<std::string>()
           + "_update");
  }
  SUBCASE("the buffer is missing") {
    const auto buffer
      = "pgtrickle_changes.changes_"
        + sql("SELECT 'sale'::regclass::oid")[0][0].as<std::string>();
    lose("DROP TABLE " + buffer + " CASCADE", buffer + "_0 is missing");
  }
  SUBCASE("a part was emptied while the dump began") {
    lose("SELECT setval('pgtrickle.pgt_emptyings_seq', 7)",
         "change buffers were emptied while the dump began");
  }
  SUBCASE("a column has another type") {
    lose("ALTER TABLE sale ALTER amount TYPE bigint",
         "table public.sale is not what it was");
  }
  const auto report = copy.adopt();
  CHECK(report.reinitialised.size() >= 2);
  const auto outcomes = copy.try_refresh({items, above, pairs});
  if (outcomes[0].error) { // the query gives other columns now
    CHECK(outcomes[0].error->message.starts_with(reason));
    return;
  }
  CHECK(outcomes[0].reason == reason);
  CHECK(outcomes[0].action == "REINITIALIZE");
  CHECK(copy.difference("by_item", by_item) == 0);
  CHECK(copy.difference("large", large) == 0);
  CHECK(copy.difference("joined", joined) == 0);
}

TEST_CASE_FIXTURE(sold,
                  "a buffer that was emptied behind the dump's snapshot is "
                  "not taken for one without changes") {
  const auto items = create("by_item", by_item);
  change();
  pqxx::connection other{conninfo()};
  pqxx::nontransaction dumping{other};
  dumping.exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  const auto snapshot
    = dumping.exec("SELECT pg_export_snapshot()")[0][0].as<std::string>();
  refresh({items});
  CHECK(engine::sweep_change_buffers(session(), {}, {0}).value_or(0) > 0);
  restored_database copy{*this, {"--snapshot=" + snapshot}};
  CHECK(copy.adopt().reinitialised.size() == 1);
  CHECK(copy.refresh({items})[0].reason
        == "restored from a dump: change buffers were emptied while the dump "
           "began");
  CHECK(copy.difference("by_item", by_item) == 0);
}

TEST_CASE_FIXTURE(sold, "a stream table that was not loaded is forgotten") {
  create("by_item", by_item);
  create("large", large);
  restored_database copy{*this};
  copy.sql("DROP TABLE large");
  const auto report = copy.adopt();
  CHECK(report.continued == std::vector<std::string>{"public.by_item"});
  CHECK(report.forgotten == std::vector<std::string>{"public.large"});
  CHECK(
    copy.sql("SELECT count(*) FROM pgtrickle.pgt_dependencies")[0][0].as<int>()
    == 1);
}

TEST_CASE_FIXTURE(sold, "an adoption that can't be finished leaves all as it "
                        "was") {
  const auto items = create("by_item", by_item);
  create("joined", joined);
  change();
  restored_database copy{*this};
  pqxx::connection other{copy.conninfo()};
  pqxx::nontransaction writer{other};
  SUBCASE("a writer is in the way") {
    writer.exec("BEGIN; INSERT INTO sale VALUES (700, 'item1', 5)");
    const auto refused = engine::adopt_restored(copy.session(), {});
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::lock_unavailable);
    writer.exec("COMMIT");
  }
  SUBCASE("another daemon has come to own it") {
    const auto refused = engine::adopt_restored(copy.session(), {7});
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::fenced);
  }
  CHECK(copy.is_restored());
  writer.exec("DELETE FROM sale WHERE id = 60");
  CHECK(copy.adopt().continued.size() == 2);
  CHECK(copy.refresh({items})[0].action == "DIFFERENTIAL");
  CHECK(copy.difference("by_item", by_item) == 0);
}
