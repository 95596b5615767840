// What was begun under an epoch that has passed is not committed.

#include "test/engine/stream_database.hpp"
#include "test/support/eventually.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace pgtrickle;

namespace {

using test::eventually;
using namespace std::chrono_literals;

constexpr auto query = "SELECT a FROM base";

struct fenced : test::stream_database {
  fenced() {
    sql("CREATE TABLE base (a int PRIMARY KEY); INSERT INTO base VALUES (1)");
    id = create("copy", query);
    sql("INSERT INTO base VALUES (2)");
  }

  result<std::vector<engine::refresh_outcome>> run(std::int64_t epoch) {
    return refresher().run({{id}, engine::initiator::manual}, {epoch});
  }

  void next_epoch() { sql("UPDATE pgtrickle.pgt_owner SET epoch = epoch + 1"); }

  void
  check_refused(const result<std::vector<engine::refresh_outcome>>& outcome,
                errc why) {
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == why);
    CHECK(difference("copy", query) == 1);
  }

  /// Under the new epoch nothing is missing.
  void check_repeated() {
    CHECK(run(1));
    CHECK(difference("copy", query) == 0);
  }

  stream_table_id id{};
};

} // namespace

TEST_CASE_FIXTURE(fenced, "a refresh under a passed epoch is refused") {
  next_epoch();
  check_refused(run(0), errc::fenced);
  check_repeated();
}

TEST_CASE_FIXTURE(fenced, "a refresh whose epoch passes while it works is "
                          "refused at its end") {
  sql("CREATE TABLE gate (); CREATE FUNCTION pass() RETURNS trigger LANGUAGE "
      "plpgsql AS 'BEGIN LOCK TABLE public.gate IN ROW EXCLUSIVE MODE; RETURN "
      "NULL; END'; CREATE TRIGGER pass AFTER INSERT ON copy FOR EACH STATEMENT "
      "EXECUTE FUNCTION pass()");
  pqxx::connection keeper{conninfo()};
  pqxx::work closed{keeper};
  closed.exec("LOCK TABLE gate IN ACCESS EXCLUSIVE MODE");
  auto refreshed = std::async(std::launch::async, [this] { return run(0); });
  CHECK(eventually(5s, [&] {
    return !sql("SELECT FROM pg_locks WHERE NOT granted"
                " AND relation = 'gate'::regclass")
              .empty();
  }));
  next_epoch();
  closed.commit();
  // The row of the epoch is newer than the snapshot; who tries again, as after
  // any conflict, learns why.
  check_refused(refreshed.get(), errc::serialization_failure);
  check_refused(run(0), errc::fenced);
  check_repeated();
}
