// Snapshots that came with a dump.

#include "test/engine/sold.hpp"
#include "test/snapshots/snapshot_database.hpp"

using namespace pgtrickle;
using namespace pgtrickle::test;

namespace {

std::string taken(sold& db, const std::string& name) {
  const auto snapshot = snapshots::take(db.session(), db.owner(), name, {}, {});
  REQUIRE_MESSAGE(snapshot, snapshot.error().message);
  return *snapshot;
}

std::string reason_of(restored_database& copy, const std::string& name) {
  return copy
    .sql("SELECT reason FROM pgtrickle.list_snapshots('" + name + "')")[0][0]
    .as<std::string>("");
}

} // namespace

TEST_CASE_FIXTURE(sold, "a restore where the dump was loaded goes on from the "
                        "snapshot") {
  const auto items = create("by_item", by_item);
  const auto pairs = create("joined", joined);
  const auto first = taken(*this, "by_item");
  change();
  refresh({items, pairs});
  const auto second = taken(*this, "joined");
  change();
  refresh({items});
  restored_database copy{*this};
  SUBCASE("quiet") {}
  SUBCASE("written to before it was adopted") { change_copy(copy); }
  CHECK(copy.adopt().continued.size() == 2);
  CHECK(reason_of(copy, "by_item").empty());
  for (const auto& [name, snapshot, query] :
       {std::tuple{"by_item", first, by_item},
        std::tuple{"joined", second, joined}}) {
    CAPTURE(name);
    const auto restored
      = snapshots::restore(copy.session(), owner(), name, snapshot, {});
    REQUIRE_MESSAGE(restored, restored.error().message);
    CHECK_MESSAGE(!restored->must_refresh, restored->notices.size());
    CHECK(copy.difference(name, "TABLE " + snapshot) == 0);
    CHECK(copy.refresh({restored->id}).at(0).action == "DIFFERENTIAL");
    CHECK(copy.difference(name, query) == 0);
  }
  copy.sql("UPDATE sale SET amount = amount + 1 WHERE id % 2 = 0");
  copy.refresh({items, pairs});
  CHECK(copy.difference("by_item", by_item) == 0);
  CHECK(copy.difference("joined", joined) == 0);
}

TEST_CASE_FIXTURE(sold, "a snapshot of a stream table that the dump does not "
                        "have is reconciled") {
  create("by_item", by_item);
  create("joined", joined);
  const auto snapshot = taken(*this, "by_item");
  sql("DROP TABLE by_item");
  change();
  restored_database copy{*this};
  CHECK(copy.adopt().continued.size() == 1);
  copy.sql("DELETE FROM sale WHERE id % 4 = 0");
  const auto restored
    = snapshots::restore(copy.session(), owner(), "by_item", snapshot, {});
  REQUIRE_MESSAGE(restored, restored.error().message);
  if (restored->must_refresh)
    CHECK(!reason_of(copy, "by_item").empty());
  copy.refresh({restored->id});
  CHECK(copy.difference("by_item", by_item) == 0);
}
