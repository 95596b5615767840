// The extension is updated, and daemons of two versions meet, while users work.

#include "test/scenarios/faults/follower.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace pgtrickle::test {

namespace {

/// A database with the extension of the release before, gone with the object.
class old_database {
public:
  explicit old_database(installation& all)
    : all_(all), root(all.connect("postgres", "postgres")), db([&] {
        must(root, "CREATE DATABASE old");
        must(root, "ALTER DATABASE old SET pg_trickle.nats_url = '"
                     + all.nats.url() + "'");
        auto inside = all.connect("postgres", "old");
        must(inside, "CREATE EXTENSION pg_trickle VERSION '0.26.0'");
        return inside;
      }()) {
    REQUIRE(eventually(20s, [&] { return all.serves("old"); }));
  }
  old_database(const old_database&) = delete;
  old_database& operator=(const old_database&) = delete;
  ~old_database() { root.run("DROP DATABASE old WITH (FORCE)"); }

  [[nodiscard]] session connect() const {
    return all_.connect("postgres", "old");
  }

  std::string version() {
    return root_value("SELECT extversion FROM pg_extension"
                      " WHERE extname = 'pg_trickle'");
  }

  std::string root_value(const std::string& query) {
    return connect().run(query).value();
  }

private:
  installation& all_;

public:
  session root;
  session db;
};

const std::vector<std::string> stream_tables{"totals", "plain", "live", "top"};

void create_stream_tables(session& db) {
  must(db, "CREATE TABLE sale (id bigint PRIMARY KEY, item int, amount int);"
           " INSERT INTO sale SELECT i, i % 50, i FROM"
           " generate_series(1, 5000) i");
  const auto create
    = [&](const std::string& name, const std::string& query,
          const std::string& others
          = "schedule => '1s', refresh_mode => 'DIFFERENTIAL'") {
        must(db, "SELECT pgtrickle.create_stream_table(" + db.literal(name)
                   + ", " + db.literal(query) + ", " + others + ")");
      };
  create("totals",
         "SELECT item, sum(amount) AS total, count(*) AS n FROM sale GROUP BY"
         " item");
  create("plain", "SELECT id, amount FROM sale WHERE amount > 7");
  create("live", "SELECT item, max(amount) AS most FROM sale GROUP BY item",
         "refresh_mode => 'IMMEDIATE'");
  create("top", "SELECT n, count(*) AS items FROM totals GROUP BY n");
}

/// Users that write without a pause until the object goes.
class writers {
public:
  writers(const old_database& at, int count) {
    for (int i = 0; i < count; ++i)
      threads_.emplace_back([this, db = at.connect(), i]() mutable {
        for (int n = 0; goes_on_; ++n)
          write(db, 1'000'000 * (i + 1) + n);
      });
  }
  writers(const writers&) = delete;
  writers& operator=(const writers&) = delete;
  ~writers() { stop(); }

  void stop() {
    goes_on_ = false;
    for (auto& thread : threads_)
      if (thread.joinable())
        thread.join();
  }

  [[nodiscard]] int written() const { return written_; }

  std::string first_error() {
    const std::lock_guard guard(mutex_);
    return error_;
  }

private:
  void write(session& db, int id) {
    const auto key = std::to_string(id);
    const auto done = db.run(
      "BEGIN; INSERT INTO sale VALUES (" + key + ", " + key + " % 50, " + key
      + " % 100); UPDATE sale SET amount = amount + 1 WHERE id = " + key
      + "; DELETE FROM sale WHERE id = " + key + " - 3; COMMIT");
    ++written_;
    if (done.sqlstate.empty())
      return;
    db.run("ROLLBACK");
    const std::lock_guard guard(mutex_);
    if (error_.empty())
      error_ = done.sqlstate + " " + done.message;
  }

  std::atomic<bool> goes_on_ = true;
  std::atomic<int> written_ = 0;
  std::mutex mutex_;
  std::string error_;
  std::vector<std::thread> threads_;
};

int refreshes_since(old_database& old, const std::string& last,
                    const std::string& actions) {
  return std::stoi(old.root_value(
    "SELECT count(*) FROM pgtrickle.pgt_refresh_history WHERE refresh_id > "
    + last + " AND status = 'COMPLETED' AND action IN (" + actions + ")"));
}

} // namespace

TEST_CASE("an update under load loses nothing and holds up no writer") {
  auto& all = the_installation();
  all.repair();
  old_database old(all);
  create_stream_tables(old.db);
  writers busy(old, 2);
  const auto refreshed = [&](const std::string& last) {
    return eventually(
      30s, [&] { return refreshes_since(old, last, "'DIFFERENTIAL'") >= 6; });
  };
  REQUIRE(refreshed("0"));
  REQUIRE(old.version() == "0.26.0");
  CHECK(old.db.run("ALTER EXTENSION pg_trickle UPDATE").message == "");
  const auto last = old.root_value("SELECT max(refresh_id) FROM"
                                   " pgtrickle.pgt_refresh_history");
  CHECK(refreshed(last));
  busy.stop();
  CHECK(busy.first_error() == "");
  CHECK(busy.written() > 100);
  for (const auto& table : stream_tables) {
    CAPTURE(table);
    CHECK(comes_true(old.db, table, 20s));
  }
  // It went on from where it was.
  CHECK(refreshes_since(old, last, "'FULL', 'REINITIALIZE'") == 0);
  CHECK(old.db
          .run("SELECT state FROM pgtrickle.cluster_nodes()"
               " WHERE node = 'first'")
          .value()
        == "up");
}

TEST_CASE("an update that is cut in the middle has not begun, and can be "
          "repeated") {
  auto& all = the_installation();
  all.repair();
  old_database old(all);
  create_stream_tables(old.db);
  must(old.db, "CREATE FUNCTION hold() RETURNS event_trigger LANGUAGE plpgsql"
               " AS 'BEGIN PERFORM pg_advisory_xact_lock(4711); END';"
               " CREATE EVENT TRIGGER hold ON ddl_command_end WHEN TAG IN"
               " ('CREATE VIEW') EXECUTE FUNCTION hold();"
               " SELECT pg_advisory_lock(4711)");
  auto updating = old.connect();
  updating.send("ALTER EXTENSION pg_trickle UPDATE");
  REQUIRE(eventually(20s, [&] {
    return old.root_value("SELECT count(*) FROM pg_stat_activity WHERE pid = "
                          + std::to_string(updating.pid())
                          + " AND wait_event = 'advisory'")
           == "1";
  }));
  must(old.db,
       "SELECT pg_terminate_backend(" + std::to_string(updating.pid()) + ")");
  CHECK(updating.result().sqlstate == "57P01");
  must(old.db, "SELECT pg_advisory_unlock(4711); DROP EVENT TRIGGER hold");
  CHECK(old.version() == "0.26.0");
  const auto follows = [&] {
    must(old.db, "UPDATE sale SET amount = amount + 1 WHERE item = 7");
    return comes_true(old.db, "totals", 20s) && comes_true(old.db, "top", 20s)
           && holds(old.db, "live");
  };
  CHECK(follows());
  must(old.db, "ALTER EXTENSION pg_trickle UPDATE");
  CHECK(old.version() != "0.26.0");
  CHECK(follows());
}

TEST_CASE("a newer daemon comes, the extension is updated, the older one is "
          "drained") {
  scenario s;
  create_copy(s, "base");
  private_daemon next{s.all.postgres.conninfo(),
                      s.all.nats.url(),
                      "next",
                      {"--lease=3"},
                      NEXT_PGTRICKLED};
  next.start();
  const auto versions = [&] {
    return s.admin
      .run("SELECT string_agg(version, ' ' ORDER BY version) FROM"
           " pgtrickle.cluster_nodes() WHERE state = 'up'")
      .value();
  };
  const auto owner = [&] {
    return s.admin.run("SELECT node FROM pgtrickle.pgt_owner").value();
  };
  const auto pretend = [&](const std::string& version) {
    must(s.admin, "UPDATE pg_extension SET extversion = '" + version
                    + "' WHERE extname = 'pg_trickle'");
  };
  const auto real = s.admin.run("SELECT pgtrickle.version()").value();
  CHECK(eventually(20s, [&] { return versions() == real + " 99.1.0"; }));
  CHECK(copy_follows(s, "base", 20s));

  pretend("99.1.0");
  CHECK(eventually(20s, [&] { return owner() == "next"; }));
  CHECK(copy_follows(s, "base", 20s));

  must(s.admin, "SELECT pgtrickle.drain_node('first')");
  CHECK(s.all.daemon.wait() == 0);
  CHECK(copy_follows(s, "base", 20s));
  CHECK(eventually(20s, [&] { return s.all.serves(); }));

  // A newer daemon tolerates the extension of the release before.
  pretend(real);
  CHECK(copy_follows(s, "base", 20s));
  CHECK(owner() == "next");
  must(s.admin, "SELECT pgtrickle.undrain_node('first')");
  s.all.daemon.start();
  CHECK(next.stop() == 0);
  CHECK(copy_follows(s, "base", 20s));
}

} // namespace pgtrickle::test
