// Another query for a stream table that is there already.

#include "test/engine/stream_database.hpp"
#include "test/support/eventually.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <future>
#include <optional>
#include <thread>

using namespace pgtrickle;

namespace {

const std::string totals
  = "SELECT item, sum(amount) AS total FROM sale GROUP BY item";

struct shop : test::stream_database {
  shop() {
    sql("CREATE TABLE sale (id int PRIMARY KEY, item text, amount int, note "
        "text); INSERT INTO sale SELECT i, 'item' || i % 3, i, 'n' || i % 2 "
        "FROM generate_series(1, 9) i; CREATE TABLE price (item text PRIMARY "
        "KEY, price int); INSERT INTO price VALUES ('item1', 5), ('item2', 6)");
    id = create("kept", totals);
  }

  result<stream_table_id> try_alter(const std::string& query,
                                    const std::string& mode = {}) {
    stream_table_change change;
    change.name = "kept";
    change.query = query;
    if (!mode.empty())
      change.refresh_mode = mode;
    return engine::alter_stream_table(session(), owner(), change, {});
  }

  /// Gives "kept" the query, whose columns are `columns`, and follows it
  /// through a change of each source.
  void becomes(const std::string& query, const std::string& columns) {
    CAPTURE(query);
    const auto before = oid_of();
    // what is still to be read of the former query
    sql("INSERT INTO sale VALUES (77, 'item1', 70, 'x') ON CONFLICT DO "
        "NOTHING");
    const auto altered = try_alter(query);
    REQUIRE_MESSAGE(altered, altered.error().message);
    CHECK(oid_of() == before);
    const auto named = fmt::format("(SELECT {} FROM kept) AS k", columns);
    CHECK(difference(named, query) == 0);
    CHECK(refresh({id}).at(0).action == "NO_DATA");
    sql("UPDATE sale SET amount = amount + 1, note = 'later' WHERE id = 3; "
        "DELETE FROM sale WHERE id = 77; UPDATE price SET price = price + 1");
    CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
    CHECK(difference(named, query) == 0);
  }

  std::string oid_of() {
    return sql("SELECT 'kept'::regclass::oid")[0][0].as<std::string>();
  }

  /// All there is to "kept", and what is captured for it.
  std::string state() {
    return sql(R"(SELECT string_agg(what, E'\n' ORDER BY what) FROM (
      SELECT k::text AS what FROM kept k
      UNION ALL SELECT attname::text || atttypid FROM pg_attribute
        WHERE attrelid = 'kept'::regclass AND NOT attisdropped
      UNION ALL SELECT relname || oid FROM pg_class WHERE relnamespace = 'pgtrickle_state'::regnamespace
      UNION ALL SELECT (to_jsonb(d) - 'pgt_id')::text FROM pgtrickle.pgt_dependencies d
      UNION ALL SELECT defining_query || original_query || refresh_mode || status
        FROM pgtrickle.pgt_stream_tables) x)")[0][0]
      .as<std::string>();
  }

  stream_table_id id{};
};

} // namespace

TEST_CASE_FIXTURE(shop, "a new query may keep, add, drop, retype and reorder "
                        "columns") {
  becomes("SELECT item, sum(amount) * 2 AS total FROM sale GROUP BY item",
          "item, total");
  becomes("SELECT item, sum(amount) AS total, count(*) AS n FROM sale GROUP BY "
          "item",
          "item, total, n");
  becomes("SELECT count(*) AS n, item FROM sale GROUP BY item", "n, item");
  becomes("SELECT item, count(*)::text AS n FROM sale GROUP BY item",
          "item, n");
  becomes("SELECT note, id, amount FROM sale", "note, id, amount");
  becomes("SELECT s.id, p.price, s.note FROM sale s JOIN price p USING (item)",
          "id, price, note");
  becomes(totals, "item, total");
}

TEST_CASE_FIXTURE(shop, "what hangs on columns that stay survives a new "
                        "query") {
  sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader; "
      "CREATE INDEX by_item ON kept (item); ALTER TABLE kept ADD CONSTRAINT "
      "one UNIQUE (item); GRANT SELECT (item) ON kept TO reader; COMMENT ON "
      "COLUMN kept.item IS 'what was sold'; CREATE TABLE log (at text); CREATE "
      "FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT "
      "INTO public.log VALUES (TG_OP); RETURN NULL; END $$; CREATE TRIGGER "
      "tell AFTER "
      "INSERT OR UPDATE ON kept FOR EACH ROW EXECUTE FUNCTION told(); CREATE "
      "TABLE referring (item text REFERENCES kept (item) DEFERRABLE INITIALLY "
      "DEFERRED); INSERT INTO referring VALUES ('item1'); CREATE VIEW items AS "
      "SELECT item FROM kept; CREATE PUBLICATION told_of FOR TABLE kept; ALTER "
      "TABLE kept REPLICA IDENTITY FULL");
  const auto downstream = create("items_of", "SELECT item FROM kept");
  becomes("SELECT item, sum(amount) AS total, max(amount) AS most FROM sale "
          "GROUP BY item",
          "item, total, most");
  becomes("SELECT item, count(*) AS n FROM sale GROUP BY item", "item, n");
  CHECK(
    sql(
      R"(SELECT FROM pg_index WHERE indexrelid IN ('by_item'::regclass, 'one'::regclass)
               AND indisvalid)")
      .size()
    == 2);
  CHECK(sql("SELECT has_column_privilege('reader', 'kept', 'item', 'SELECT'), "
            "col_description('kept'::regclass, 1) = 'what was sold', (SELECT "
            "count(*) FROM log) > 0, (SELECT count(*) FROM items) = 3, EXISTS "
            "(SELECT FROM pg_publication_tables WHERE tablename = 'kept'), "
            "EXISTS (SELECT FROM pg_constraint WHERE confrelid = "
            "'kept'::regclass)")[0][0]
          .as<bool>());
  sql("INSERT INTO sale VALUES (90, 'item9', 1)");
  refresh({id});
  CHECK(refresh({downstream}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("items_of", "SELECT item FROM kept") == 0);
  sql("DROP OWNED BY reader; DROP ROLE reader");
}

TEST_CASE_FIXTURE(shop, "a column that others need is refused, and nothing is "
                        "changed") {
  const std::vector<std::pair<std::string, std::string>> dependents
    = {{"CREATE VIEW needing AS SELECT total FROM kept", "needing"},
       {"CREATE FUNCTION needing() RETURNS bigint BEGIN ATOMIC SELECT "
        "sum(total) FROM kept; END",
        "needing"},
       {"CREATE POLICY needing ON kept USING (total > 0)", "needing"},
       {"ALTER TABLE kept ADD UNIQUE (total); CREATE TABLE needing (x bigint "
        "REFERENCES kept (total))",
        "needing"},
       {"CREATE PUBLICATION needing FOR TABLE kept (total)", "needing"}};
  for (const auto& [ddl, name] : dependents) {
    CAPTURE(ddl);
    shop db;
    db.sql(ddl);
    const auto before = db.state();
    for (const auto* query :
         {"SELECT item FROM sale",
          "SELECT item, sum(amount)::text AS total FROM sale GROUP BY item"}) {
      const auto altered = db.try_alter(query);
      REQUIRE(!altered);
      CHECK(altered.error().state() == "2BP01");
      CHECK(altered.error().detail.find(name) != std::string::npos);
      CHECK(!altered.error().hint.empty());
      CHECK(db.state() == before);
    }
  }
  create("downstream", "SELECT total FROM kept");
  const auto altered = try_alter("SELECT item FROM sale");
  REQUIRE(!altered);
  CHECK(altered.error().detail.find("public.downstream") != std::string::npos);
}

TEST_CASE_FIXTURE(shop, "a query that fails on the rows changes nothing") {
  const auto before = state();
  for (const auto* query :
       {"SELECT item, amount / (amount - 3) AS total FROM sale",
        "SELECT item, no_such AS total FROM sale",
        "SELECT item, random() AS total FROM sale"}) {
    CHECK(!try_alter(query));
    CHECK(state() == before);
  }
  sql("INSERT INTO sale VALUES (50, 'item1', 5)");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", totals) == 0);
}

TEST_CASE_FIXTURE(shop, "readers see the old rows until the new ones are "
                        "there") {
  // Computing the new rows waits for this lock; readers are let through.
  sql("CREATE TABLE other (item text, total bigint); INSERT INTO other VALUES "
      "('o', 1)");
  sql("CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN $1; END $$");
  test::session holder{conninfo()};
  test::session reader{conninfo()};
  test::session watcher{conninfo()};
  holder.run("SELECT pg_advisory_lock(42)");
  REQUIRE(session().exec("SET lock_timeout = 0"));
  std::jthread altering{[&] {
    CHECK(try_alter("SELECT slow(item) AS item, count(*) AS n FROM other GROUP "
                    "BY 1"));
  }};
  while (watcher
           .run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
                "NOT granted")
           .value()
         != "1")
    std::this_thread::yield();
  CHECK(reader.run("SELECT count(total) FROM kept").value() == "3");
  CHECK(reader.run("INSERT INTO sale VALUES (60, 'x', 1)").sqlstate.empty());
  CHECK(reader.run("INSERT INTO other VALUES ('late', 2)").sqlstate.empty());
  holder.run("SELECT pg_advisory_unlock(42)");
  altering.join();
  CHECK(reader.run("SELECT count(n) FROM kept").value() == "1");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", "SELECT item, count(*) FROM other GROUP BY 1") == 0);
}

namespace {

/// A refresh that has read the catalog and has no snapshot yet, since it waits
/// for what was announced.
struct waiting_refresh {
  explicit waiting_refresh(shop& db) : keeper(db.conninfo()) {
    db.sql("INSERT INTO sale VALUES (78, 'item1', 70, 'x'), (79, 'item9', 1, "
           "'y')");
    closed.emplace(keeper);
    closed->exec("LOCK TABLE pgtrickle_changes.touched IN ACCESS EXCLUSIVE "
                 "MODE");
    outcome = std::async(std::launch::async, [&db] {
      return db.refresher().run({{db.id}, engine::initiator::manual}, {});
    });
    CHECK(test::eventually(std::chrono::seconds{5}, [&] {
      return !db.sql("SELECT FROM pg_locks WHERE NOT granted").empty();
    }));
  }

  result<std::vector<engine::refresh_outcome>> go_on() {
    closed->abort();
    return outcome.get();
  }

  pqxx::connection keeper;
  std::optional<pqxx::work> closed;
  std::future<result<std::vector<engine::refresh_outcome>>> outcome;
};

} // namespace

TEST_CASE_FIXTURE(shop, "a refresh that read the catalog before another query "
                        "was given applies nothing by the former one") {
  waiting_refresh refresh(*this);
  const std::string query
    = "SELECT item, sum(amount) AS total FROM sale WHERE id > 2 GROUP BY item";
  const auto altered = try_alter(query);
  REQUIRE_MESSAGE(altered, altered.error().message);
  const auto outcome = refresh.go_on();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == errc::serialization_failure);
  CHECK(difference("kept", query) == 0);
  CHECK(this->refresh({id}).at(0).action == "NO_DATA");
}

TEST_CASE_FIXTURE(shop, "a refresh that read the catalog before another mode "
                        "was given leaves it to be re-initialised") {
  waiting_refresh refresh(*this);
  stream_table_change change;
  change.name = "kept";
  change.refresh_mode = "FULL";
  REQUIRE(engine::alter_stream_table(session(), owner(), change, {}));
  const auto outcome = refresh.go_on();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == errc::serialization_failure);
  CHECK(this->refresh({id}).at(0).action == "REINITIALIZE");
  CHECK(difference("kept", totals) == 0);
}
