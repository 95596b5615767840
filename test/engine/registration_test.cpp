// What bad definitions get, and that they leave nothing behind.

#include "test/engine/stream_database.hpp"
#include "test/support/eventually.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <optional>
#include <thread>

using namespace pgtrickle;

namespace {

struct registry : test::stream_database {
  registry() {
    sql("CREATE TABLE sale (id int PRIMARY KEY, item text, amount int); "
        "INSERT INTO sale SELECT i, 'item' || i % 3, i FROM generate_series(1, "
        "9) i");
  }

  /// Everything that a stream table consists of, as one text.
  std::string inventory() {
    return sql(R"(
      SELECT coalesce(string_agg(what, E'\n' ORDER BY what), '') FROM (
        SELECT format('%s %s', c.relkind, c.oid::regclass) AS what FROM pg_class c
          WHERE c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc
          WHERE pronamespace::regnamespace::text ~ '^(pgtrickle_|public)'
        UNION ALL SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger
        UNION ALL SELECT 'stream table ' || pgt_name FROM pgtrickle.pgt_stream_tables
        UNION ALL SELECT 'source ' || source_relid FROM pgtrickle.pgt_dependencies
        UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace) x)")
      [0][0]
        .as<std::string>();
  }

  failure refused(const std::string& name, const std::string& query) {
    CAPTURE(query.substr(0, 200));
    const auto before = inventory();
    const auto id = try_create(name, query);
    REQUIRE(!id);
    CHECK(inventory() == before);
    return id.error();
  }
};

bool mentions(const failure& reason, const std::string& text) {
  return (reason.message + reason.detail).find(text) != std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(registry, "an unknown table is named") {
  const auto reason = refused("kept", "SELECT * FROM nowhere");
  CHECK(reason.state() == "42P01");
  CHECK(mentions(reason, "nowhere"));
}

TEST_CASE_FIXTURE(registry, "a volatile function is refused by name") {
  const auto reason = refused("kept", "SELECT id, random() AS r FROM sale");
  CHECK(reason.state() == "0A000");
  CHECK(mentions(reason, "random"));
}

TEST_CASE_FIXTURE(registry,
                  "a volatile function inside a view is refused by name") {
  sql("CREATE VIEW dice AS SELECT id, random() AS r FROM sale");
  CHECK(mentions(refused("kept", "SELECT id, r FROM dice"), "random"));
}

TEST_CASE_FIXTURE(registry, "a name that is taken is refused") {
  const auto reason = refused("sale", "SELECT id FROM sale");
  CHECK(reason.state() == "42P07");
  CHECK(mentions(reason, "sale"));
}

TEST_CASE_FIXTURE(registry,
                  "a name that is taken at the same time is refused") {
  pqxx::connection other{conninfo()};
  pqxx::work taking{other};
  taking.exec("CREATE TABLE kept (a int)");
  std::optional<failure> reason;
  std::thread creating{[&] {
    if (const auto id = try_create("kept", "SELECT id FROM sale"); !id)
      reason = id.error();
  }};
  const auto waits = test::eventually(std::chrono::seconds{10}, [&] {
    return taking
      .exec1("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT "
             "granted)")[0]
      .as<bool>();
  });
  taking.commit();
  creating.join();
  CHECK(waits);
  REQUIRE(reason);
  CHECK(reason->code == errc::already_exists);
  CHECK(reason->state() == "42P07");
}

TEST_CASE_FIXTURE(registry, "a query over 1 MB is refused") {
  const auto reason = refused("kept", "SELECT '" + std::string(1024 * 1024, 'x')
                                        + "' AS x FROM sale");
  CHECK(reason.state() == "54000");
}

TEST_CASE_FIXTURE(registry, "a malformed schedule is refused") {
  for (const auto* text : {"soon", "5 parsecs", "* * *", "-1m", "61 * * * *"}) {
    CAPTURE(text);
    const auto before = inventory();
    const auto id = engine::create_stream_table(
      session(), owner(),
      {.name = "kept", .query = "SELECT id FROM sale", .schedule = text}, {});
    REQUIRE(!id);
    CHECK(id.error().state() == "22023");
    CHECK(!id.error().hint.empty());
    CHECK(inventory() == before);
  }
}

TEST_CASE_FIXTURE(registry, "nothing but one SELECT is taken") {
  for (const auto* query :
       {"SELECT 1 AS x; DROP TABLE sale", "DELETE FROM sale RETURNING id",
        "SELECT id FROM sale) AS q; DROP TABLE sale; --",
        "SELECT id INTO copy FROM sale",
        "WITH gone AS (DELETE FROM sale RETURNING id) SELECT id FROM gone", "",
        "SELECT FROM sale"})
    (void)refused("kept", query);
  CHECK(sql("SELECT count(*) FROM sale")[0][0].as<int>() == 9);
}

TEST_CASE_FIXTURE(registry, "a cycle is refused with its path") {
  const auto first = create("first", "SELECT id, amount FROM sale");
  const auto second = create("second", "SELECT id, amount FROM first");
  const auto before = inventory();
  stream_table_change change;
  change.name = "first";
  change.query = "SELECT id, amount FROM second";
  const auto altered
    = engine::alter_stream_table(session(), owner(), change, {});
  REQUIRE(!altered);
  CHECK(altered.error().state() == "42P15");
  CHECK(mentions(altered.error(), "public.first"));
  CHECK(mentions(altered.error(), "public.second"));
  CHECK(inventory() == before);
  sql("INSERT INTO sale VALUES (10, 'x', 1)");
  refresh({first});
  refresh({second});
  CHECK(difference("second", "SELECT id, amount FROM sale") == 0);
}

TEST_CASE_FIXTURE(registry, "no rights on a source: no stream table") {
  sql("CREATE ROLE clerk; GRANT CREATE, USAGE ON SCHEMA public TO clerk");
  const auto before = inventory();
  const auto id = engine::create_stream_table(session(), {"clerk", "public"},
                                              {.name = "kept",
                                               .query = "SELECT id FROM sale",
                                               .refresh_mode = "DIFFERENTIAL"},
                                              {});
  REQUIRE(!id);
  CHECK(!id.error().hint.empty());
  CHECK(id.error().state() == "42501");
  CHECK(mentions(id.error(), "sale"));
  CHECK(inventory() == before);
  sql("DROP OWNED BY clerk; DROP ROLE clerk");
}

TEST_CASE_FIXTURE(registry, "hostile names make the round trip") {
  for (const std::string name :
       {"a\"b", "a.b", "a';drop table x;--", "ü☃", "new\nline", "$$",
        "%s %I {0}",
        "63 bytes 63 bytes 63 bytes 63 bytes 63 bytes 63 bytes 63 bytes."}) {
    CAPTURE(name);
    std::string quoted = "\"";
    for (char c : name)
      quoted += c == '"' ? std::string{"\"\""} : std::string(1, c);
    quoted += '"';
    sql(fmt::format("CREATE SCHEMA {0}; CREATE TABLE {0}.{0} ({0} int PRIMARY "
                    "KEY, plain text); "
                    "INSERT INTO {0}.{0} VALUES (1, 'a'), (2, NULL)",
                    quoted));
    const auto query
      = fmt::format("SELECT x.{0}, count(*) AS n FROM {0}.{0} AS x "
                    "JOIN {0}.{0} AS {0} ON x.{0} = {0}.{0} GROUP BY x.{0}",
                    quoted);
    const auto bag = fmt::format("SELECT plain AS {0} FROM {0}.{0}", quoted);
    const auto kept = create(quoted + ".kept", query);
    const auto other = create(quoted + ".bag", bag);
    sql(fmt::format(
      "INSERT INTO {0}.{0} VALUES (3, 'c'); DELETE FROM {0}.{0} WHERE {0} = 1",
      quoted));
    CHECK(refresh({kept, other}).at(0).action == "DIFFERENTIAL");
    CHECK(difference(quoted + ".kept", query) == 0);
    CHECK(difference(quoted + ".bag", bag) == 0);
    CHECK(engine::drop_stream_table(session(), owner(), quoted + ".kept", false,
                                    {}));
    sql("DROP SCHEMA " + quoted + " CASCADE");
    CHECK(
      sql("SELECT count(*) FROM pgtrickle.pgt_stream_tables")[0][0].as<int>()
      == 0);
  }
}

TEST_CASE_FIXTURE(registry, "dropping a stream table leaves nothing of it") {
  const auto before = inventory();
  create("first", "SELECT item, sum(amount) AS total, max(amount) AS most FROM "
                  "sale GROUP BY item");
  create("second", "SELECT DISTINCT total FROM first");
  const auto refusal
    = engine::drop_stream_table(session(), owner(), "first", false, {});
  REQUIRE(!refusal);
  CHECK(refusal.error().state() == "2BP01");
  CHECK(mentions(refusal.error(), "second"));
  REQUIRE(engine::drop_stream_table(session(), owner(), "first", true, {}));
  CHECK(inventory() == before);
  create("first", "SELECT item FROM sale");
  sql("DROP TABLE first");
  CHECK(inventory() == before);
}

TEST_CASE_FIXTURE(registry, "a stream table goes on under another name") {
  const std::string query
    = "SELECT item, sum(amount) AS total FROM sale GROUP BY item";
  const auto id = create("before", query);
  sql("CREATE SCHEMA elsewhere");
  sql("ALTER TABLE before RENAME TO \"After\"");
  sql("ALTER TABLE \"After\" SET SCHEMA elsewhere");
  sql("INSERT INTO sale VALUES (100, 'item0', 5)");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("elsewhere.\"After\"", query) == 0);
  sql("INSERT INTO sale VALUES (101, 'item0', 5)");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("elsewhere.\"After\"", query) == 0);
  CHECK(sql("SELECT pgt_schema || '.' || pgt_name FROM"
            " pgtrickle.pgt_stream_tables")[0][0]
          .as<std::string>()
        == "elsewhere.After");
}
