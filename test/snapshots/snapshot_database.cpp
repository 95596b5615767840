#include "test/snapshots/snapshot_database.hpp"

#include <fmt/format.h>

namespace pgtrickle::test {

snapshot_database::snapshot_database(const std::string& settings)
  : stream_database(settings) {
  sql("CREATE TABLE sale (id int PRIMARY KEY, item text, amount int); "
      "INSERT INTO sale SELECT i, 'item' || i % 7, i FROM "
      "generate_series(1, 200) i");
}

std::string snapshot_database::take(const std::string& name) {
  const auto taken = snapshots::take(session(), owner(), name, {}, {});
  REQUIRE_MESSAGE(taken, taken.error().message << taken.error().detail);
  return *taken;
}

failure snapshot_database::not_taken(const std::string& name,
                                     const std::optional<std::string>& target) {
  const auto taken = snapshots::take(session(), owner(), name, target, {});
  REQUIRE(!taken);
  return taken.error();
}

bool snapshot_database::restore(const std::string& source,
                                const std::string& name) {
  const auto done = snapshots::restore(session(), owner(), name, source, {});
  REQUIRE_MESSAGE(done, done.error().message << ": " << done.error().detail);
  notices = done->notices;
  if (done->must_refresh)
    CHECK(refresh({done->id}).at(0).action == "REINITIALIZE");
  return done->must_refresh;
}

failure snapshot_database::not_restored(const std::string& source,
                                        const std::string& name) {
  const auto before = text("SELECT jsonb_agg(t ORDER BY pgt_id) FROM "
                           "pgtrickle.pgt_stream_tables t");
  const auto done = snapshots::restore(session(), owner(), name, source, {});
  REQUIRE(!done);
  CHECK(!done.error().hint.empty());
  CHECK(text("SELECT jsonb_agg(t ORDER BY pgt_id) FROM "
             "pgtrickle.pgt_stream_tables t")
        == before);
  return done.error();
}

stream_table_id snapshot_database::id_of(const std::string& name) {
  return stream_table_id{
    sql(fmt::format("SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE "
                    "pgt_relid = '{}'::regclass",
                    name))[0][0]
      .as<std::int64_t>()};
}

std::string snapshot_database::text(const std::string& query) {
  return sql(query)[0][0].as<std::string>("");
}

std::string snapshot_database::frontier_of(const std::string& name) {
  return text(fmt::format("SELECT frontier FROM pgtrickle.pgt_stream_tables "
                          "WHERE pgt_relid = '{}'::regclass",
                          name));
}

} // namespace pgtrickle::test
