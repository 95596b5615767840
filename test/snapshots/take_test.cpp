// What a snapshot holds.

#include "test/snapshots/snapshot_database.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

using namespace pgtrickle;
using test::snapshot_database;
using test::totals;

TEST_CASE_FIXTURE(snapshot_database, "a snapshot has the rows and the frontier "
                                     "of the stream table") {
  create("kept", totals);
  const auto snapshot = take();
  sql("UPDATE sale SET amount = amount + 1");
  refresh({id_of()});
  CHECK(difference(snapshot, totals) != 0);
  const auto header = nlohmann::json::parse(
    text("SELECT obj_description('" + snapshot + "'::regclass, 'pg_class')"));
  CHECK(header["pgtrickle_snapshot"] == 1);
  CHECK(header["row_count"] == 7);
  CHECK(header["stream_table"]["original_query"] == totals);
  CHECK(header["stream_table"]["name"] == "kept");
  CHECK(header["stream_table"]["catalog_row"]["refresh_mode"]
        == "DIFFERENTIAL");
  CHECK(header["columns"].size() == 4);
  CHECK(header["creator"] == "postgres");
  CHECK(header["extension_version"] == PGTRICKLE_VERSION);
  CHECK(header["lineage"]["timeline"] == 1);
  CHECK(header["lineage"]["system_identifier"]
        == text("SELECT system_identifier FROM pg_control_system()"));
  CHECK(header["frontier"]["snapshot"].is_string());
  CHECK(header["frontier"].dump() != frontier_of());
  const auto listed = sql("SELECT * FROM pgtrickle.list_snapshots('kept')");
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["snapshot_table"].as<std::string>() == snapshot);
  CHECK(listed[0]["stream_table"].as<std::string>() == "public.kept");
  CHECK(listed[0]["row_count"].as<int>() == 7);
  CHECK(listed[0]["resumable"].as<bool>());
  CHECK(listed[0]["reason"].is_null());
  CHECK(listed[0]["size_bytes"].as<std::int64_t>() > 8192);
  CHECK(listed[0]["content_hash"].as<std::string>() == header["content_hash"]);
}

TEST_CASE_FIXTURE(snapshot_database,
                  "names are safe in length, distinct, and the real ones") {
  const std::string longest(63, 'n');
  sql("CREATE SCHEMA \"odd \"\"schema\"");
  const auto name = "\"odd \"\"schema\"." + longest;
  create(name, totals);
  create("\"Quoted.Name; --\"", totals);
  std::set<std::string> names;
  for (int i = 0; i < 5; ++i)
    names.insert(take(name));
  names.insert(take("\"Quoted.Name; --\""));
  CHECK(names.size() == 6);
  for (const auto& one : names)
    CHECK(text("SELECT to_regclass('" + one + "')::text") == one);
  CHECK(sql("SELECT FROM pgtrickle.list_snapshots('" + name + "')").size()
        == 5);
  CHECK(sql("SELECT FROM pgtrickle.list_snapshots()").size() == 6);
  CHECK(sql("SELECT FROM pgtrickle.list_snapshots('nobody')").empty());
}

TEST_CASE_FIXTURE(snapshot_database, "a target is taken as it is given, or "
                                     "refused") {
  create("kept", totals);
  const auto taken
    = snapshots::take(session(), owner(), "kept", "\"My copy\"", {});
  REQUIRE(taken);
  CHECK(*taken == "public.\"My copy\"");
  CHECK(not_taken("kept", "\"My copy\"").code == errc::snapshot_already_exists);
  CHECK(not_taken("kept", "kept").code == errc::snapshot_already_exists);
  CHECK(not_taken("kept", "nowhere.copy").state() == "3F000");
  CHECK(not_taken("kept", std::string(64, 'x')).code == errc::invalid_argument);
  CHECK(not_taken("kept", "a.b.c").code == errc::invalid_argument);
  CHECK(not_taken("sale").code == errc::stream_table_not_found);
  CHECK(not_taken("nothing").code == errc::stream_table_not_found);
  REQUIRE(try_create("unfilled", totals));
  CHECK(not_taken("unfilled").code == errc::wrong_state);
  CHECK(text("SELECT count(*) FROM pgtrickle.pgt_snapshots") == "1");
}

TEST_CASE_FIXTURE(snapshot_database, "policies hide no row, and rights are "
                                     "asked for") {
  sql("DROP ROLE IF EXISTS keeper, stranger; CREATE ROLE keeper; CREATE ROLE "
      "stranger; GRANT SELECT ON sale TO keeper; GRANT CREATE ON SCHEMA public "
      "TO keeper");
  const caller keeper{"keeper", "public"};
  const auto id = engine::create_stream_table(
    session(), keeper, {.name = "kept", .query = totals}, {});
  REQUIRE(id);
  refresh({*id});
  sql("ALTER TABLE kept ENABLE ROW LEVEL SECURITY; "
      "CREATE POLICY none ON kept USING (false)");
  const caller stranger{"stranger", "public"};
  const auto refused = snapshots::take(session(), stranger, "kept", {}, {});
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::permission_denied);
  const auto elsewhere
    = snapshots::take(session(), keeper, "kept", "pgtrickle.mine", {});
  REQUIRE(!elsewhere);
  CHECK(elsewhere.error().code == errc::permission_denied);
  const auto taken = snapshots::take(session(), keeper, "kept", {}, {});
  REQUIRE(taken);
  CHECK(text("SELECT count(*) FROM " + *taken) == "7");
  CHECK(text("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = '"
             + *taken + "'::regclass")
        == "keeper");
  CHECK(
    text("SELECT has_table_privilege('stranger', '" + *taken + "', 'SELECT')")
    == "f");
  const auto read = snapshots::verify(session(), stranger, *taken);
  REQUIRE(!read);
  CHECK(read.error().code == errc::permission_denied);
  const auto dropped = snapshots::drop(session(), stranger, *taken, {});
  REQUIRE(!dropped);
  CHECK(dropped.error().code == errc::permission_denied);
  CHECK(snapshots::restore(session(), keeper, "kept", *taken, {}));
  sql("DROP TABLE kept; DROP OWNED BY keeper, stranger; DROP ROLE keeper, "
      "stranger");
}

TEST_CASE_FIXTURE(snapshot_database, "empty stream tables, duplicate rows and "
                                     "odd types are copied like others") {
  sql("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TYPE pair AS (a int, b "
      "mood); CREATE DOMAIN positive AS int CHECK (VALUE > 0); "
      "CREATE TABLE odd (a mood[], b pair, c positive, d numrange, e json, f "
      "float8, g name, h pair[], i \"char\", j interval, k bit(3), l xml); "
      "INSERT INTO odd SELECT ARRAY['good', NULL]::mood[], (i, 'bad')::pair, "
      "i, numrange(i, i + 1), '{\"a\": 1}', '-0', 'n', ARRAY[(1, "
      "'good')::pair], 'c', '1 month', b'101', '<a/>' FROM generate_series(1, "
      "3) i, generate_series(1, 2); INSERT INTO odd DEFAULT VALUES");
  create("empty", "SELECT * FROM sale WHERE amount < 0");
  create("twice", "SELECT item FROM sale");
  create("strange", "SELECT * FROM odd", "FULL");
  for (const auto* name : {"empty", "twice", "strange"}) {
    CAPTURE(name);
    const auto snapshot = take(name);
    const auto found = snapshots::verify(session(), owner(), snapshot);
    REQUIRE(found);
    CHECK(found->detail.empty());
    CHECK(std::to_string(found->row_count)
          == text(std::string{"SELECT count(*) FROM "} + name));
    CHECK_FALSE(restore(snapshot, name));
  }
  sql("UPDATE odd SET b.b = 'good' WHERE c = 1");
  refresh({id_of("strange")});
  CHECK(text("SELECT pgtrickle.content_hash(s.*) FROM strange s")
        != text("SELECT header ->> 'content_hash' FROM "
                "pgtrickle.pgt_snapshots WHERE stream_table = 'strange'"));
}
