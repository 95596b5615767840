// Databases move to the daemon that should have them, without a gap.

#include "test/cluster/fleet.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace pgtrickle::test {

namespace {

/// Calls from a database, one after the other, until it is stopped.
class caller {
public:
  caller(const fleet& all, const std::string& database)
    : db_(all.connect(database)), thread_([this] {
        while (goes_on_) {
          const auto done = db_.run("SELECT pgtrickle.validate_query('SELECT "
                                    "1')");
          ++calls_;
          if (!done.sqlstate.empty())
            failures_ += done.sqlstate + ": " + done.message + "\n";
        }
      }) {}
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;
  ~caller() { static_cast<void>(failures()); }

  /// Ends it; what went wrong.
  std::string failures() {
    goes_on_ = false;
    if (thread_.joinable())
      thread_.join();
    return failures_;
  }
  [[nodiscard]] int calls() const { return calls_; }

private:
  session db_;
  std::atomic<bool> goes_on_ = true;
  std::atomic<int> calls_ = 0;
  std::string failures_;
  std::thread thread_;
};

} // namespace

TEST_CASE("a newcomer gets its databases, and no call fails meanwhile") {
  fleet all{2};
  all.start("a");
  for (const auto& database : all.databases())
    REQUIRE(all.follows(database, 10s));
  const auto newcomer = better_than({"a"}, all.oid_of("d1"));
  caller calls{all, "d1"};
  all.start(newcomer);
  CHECK(eventually(takeover_limit + 5s,
                   [&] { return all.owner_of("d1") == newcomer; }));
  CHECK(eventually(5s, [&] { return all.is_served_by("d1", newcomer); }));
  CHECK(all.follows("d1", 3s));
  CHECK(calls.calls() > 10);
  CHECK(calls.failures() == "");
  CHECK(all.consumed_all_once("d1"));
  // It stays there.
  const auto epoch = all.epoch_of("d1");
  CHECK(throughout(4s, [&] { return all.epoch_of("d1") == epoch; }));
  // One that comes and goes takes nothing: it has to stay first.
  const auto fickle = better_than({"a", newcomer}, all.oid_of("d1"));
  for (int i = 0; i < 3; ++i) {
    all.start(fickle, {"--capacity=1"});
    REQUIRE(eventually(5s, [&] {
      return all.connect("d1")
               .run("SELECT count(*) FROM pg_stat_activity WHERE"
                    " application_name LIKE 'pgtrickle node@"
                    + fickle + "%'")
               .value()
             == "1";
    }));
    all.node(fickle).process.kill();
  }
  CHECK(all.epoch_of("d1") == epoch);
}

TEST_CASE("a call in progress ends before its database moves") {
  fleet all{1};
  all.start("a");
  REQUIRE(all.follows("d1", 10s));
  auto db = all.connect("d1");
  must(db, "CREATE FUNCTION pass(int) RETURNS int"
           " LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep($1);"
           " RETURN $1; END'; CREATE TABLE pauses (a int);"
           "SELECT pgtrickle.create_stream_table('slow',"
           " 'SELECT pass(a) AS a FROM public.pauses', '1d');"
           "INSERT INTO pauses VALUES (3)");
  const auto newcomer = better_than({"a"}, all.oid_of("d1"));
  all.start(newcomer);
  // Until it waits for the database, which it gets within a second then.
  REQUIRE(eventually(15s, [&] {
    return db.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                  " AND NOT granted")
             .value()
           != "0";
  }));
  db.send("SELECT pgtrickle.refresh_stream_table('slow')");
  CHECK(eventually(15s, [&] { return all.owner_of("d1") == newcomer; }));
  const auto ended = db.result();
  CHECK(ended.sqlstate == "");
  CHECK(ended.message == "");
}

} // namespace pgtrickle::test
