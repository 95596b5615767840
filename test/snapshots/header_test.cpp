#include "services/snapshots/header.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::snapshots;

namespace {

header example() {
  header h;
  h.schema = "public";
  h.name = "it's \"odd\"";
  h.owner = "me";
  h.original_query = "SELECT 1 AS a";
  h.original_search_path = "public";
  h.defining_query = " SELECT 1 AS a;";
  h.refresh_mode = "AUTO";
  h.fingerprint = "f";
  h.columns = {{"a", "integer", ""}, {"b", "text", "pg_catalog.\"C\""}};
  h.row_count = 3;
  h.content_hash = "00ff";
  h.taken_at = {"7", 2, "0/1", "db", 4};
  h.extension_version = "0.27.0";
  h.creator = "me";
  h.created_at = "2026-01-01 00:00:00+00";
  return h;
}

} // namespace

TEST_CASE("a header survives its text form") {
  auto h = example();
  h.schedule = "5m";
  h.frontier = {{"snapshot", "1:2:"}};
  const auto text = to_json(h).dump();
  const auto read = header_from_json(text);
  REQUIRE(read);
  CHECK(to_json(*read).dump() == text);
  CHECK(read->columns == h.columns);
  CHECK(read->taken_at.timeline == 2);
  CHECK(read->schedule == "5m");
  CHECK(header_from_json(to_json(example()).dump())->schedule == std::nullopt);
}

TEST_CASE("what is not a header is refused with the reason") {
  for (const auto* text : {"", "hello", "[]", "{}", "{\"pgtrickle\": 1}"})
    CHECK(header_from_json(text).error().code
          == errc::snapshot_source_not_found);
  CHECK(header_from_json("{\"pgtrickle_snapshot\": 1}").error().message
        == "the snapshot's header is damaged");
  auto other = to_json(example());
  other["pgtrickle_snapshot"] = "1";
  CHECK(header_from_json(other.dump()).error().code
        == errc::snapshot_schema_version_mismatch);
  other = to_json(example());
  other["row_count"] = "many";
  CHECK(header_from_json(other.dump()).error().code
        == errc::snapshot_source_not_found);
}

TEST_CASE("columns that differ are named") {
  const auto columns = example().columns;
  CHECK(difference(columns, columns).empty());
  CHECK(difference(columns, {columns[0]})
        == "only the snapshot has b text COLLATE pg_catalog.\"C\"");
  CHECK(difference({columns[0]}, columns)
        == "the snapshot lacks b text COLLATE pg_catalog.\"C\"");
  CHECK(difference(columns, {{"a", "bigint", ""}, columns[1]})
        == "column 1 is a integer in the snapshot and a bigint in the table");
}
