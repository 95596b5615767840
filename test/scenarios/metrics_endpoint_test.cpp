// What a daemon tells over HTTP, as those who read it read it.

#include "test/scenarios/installation.hpp"
#include "test/support/contents.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

namespace pgtrickle::test {

namespace {

constexpr auto hostile = R"("sh""op\ {},=#é)"
                         "\n"
                         R"(nul")";

/// While the daemon starts.
constexpr auto nobody = "nobody answers";

/// As a connection string has it.
std::string in_conninfo(const std::string& name) {
  std::string quoted = "'";
  for (const char c : name)
    (quoted += c == '\'' || c == '\\' ? "\\" : "") += c;
  return quoted + "'";
}

/// How often the metrics are read, both pages each time.
int all_scrapes() {
  const auto* asked = std::getenv("PGTRICKLE_SCRAPES");
  return asked == nullptr ? 120 : std::atoi(asked);
}

/// A daemon that answers HTTP, and what was read of it so far.
struct scraped_daemon {
  scraped_daemon(const private_postgres& postgres, const private_nats& nats,
                 const std::string& node, const std::string& capacity)
    : process{postgres.conninfo(),
              nats.url(),
              node,
              {fmt::format("--http=127.0.0.1:{}", port),
               "--capacity=" + capacity, "--lease=3"}} {}

  /// What is wrong with what the daemon tells; empty: nothing.
  [[nodiscard]] std::string objections(int wanted) {
    const auto log = dir.path() / "log";
    // What is written there is added to it.
    std::filesystem::remove(log);
    child_process reader({"/usr/bin/python3", METRICS_READER,
                          std::to_string(port), std::to_string(wanted),
                          (dir.path() / "state").string()},
                         log, SIGKILL);
    const auto status = reader.wait();
    if (status == 3)
      return nobody;
    const auto said = contents(log);
    if (status != 0)
      return said;
    scraped += std::stoi(said);
    return {};
  }

  void check(int wanted) {
    const auto wrong = objections(wanted);
    CHECK_MESSAGE(wrong.empty(), wrong);
  }

  /// From its first answer on.
  void start() {
    process.start();
    std::string first = nobody;
    REQUIRE_MESSAGE(
      eventually(30s, [&] { return (first = objections(1)) != nobody; }),
      process.log());
    CHECK_MESSAGE(first.empty(), first);
  }

  int scraped = 0;
  private_directory dir;
  std::uint16_t port = free_port();
  private_daemon process;
};

/// A PostgreSQL with a database that is refreshed all the time, and two
/// daemons: the second owns it while it runs.
struct observed {
  observed() {
    auto db = connect("postgres");
    must(db, fmt::format("CREATE DATABASE {}", hostile));
    database = db.run("SELECT datname FROM pg_database WHERE datname ~ 'nul$'")
                 .value();
    must(db, fmt::format("ALTER DATABASE {} SET pg_trickle.nats_url = '{}'",
                         hostile, nats.url()));
    first.process.start();
    auto inside = connect(database);
    must(inside, "CREATE EXTENSION pg_trickle; CREATE TABLE base (a int)");
    REQUIRE(eventually(20s, [&] {
      return inside
        .run("SELECT pgtrickle.create_stream_table('sums',"
             " 'SELECT a % 7 AS g, sum(a) FROM base GROUP BY 1', '1s')")
        .sqlstate.empty();
    }));
    must(inside, "SELECT pgtrickle.set_stream_table_sla('sums', '5 s')");
  }

  [[nodiscard]] session connect(const std::string& name) const {
    return session{postgres.conninfo(in_conninfo(name), "postgres")};
  }

  [[nodiscard]] bool is_owned_by(const std::string& node) const {
    return connect(database).run("SELECT node FROM pgtrickle.pgt_owner").value()
           == node;
  }

  private_postgres postgres;
  private_nats nats;
  scraped_daemon first{postgres, nats, "first", "1"};
  scraped_daemon second{postgres, nats, "second", "64"};
  std::string database;
};

/// Writes until it is gone.
class load {
public:
  explicit load(const observed& o)
    : thread_{[this, db = o.connect(o.database)]() mutable {
        std::unique_lock lock{mutex_};
        do
          db.run("INSERT INTO base SELECT generate_series(1, 10)");
        while (!end_.wait_for(lock, 10ms, [&] { return is_over_; }));
      }} {}
  load(const load&) = delete;
  load& operator=(const load&) = delete;
  ~load() {
    {
      const std::scoped_lock lock{mutex_};
      is_over_ = true;
    }
    end_.notify_one();
    thread_.join();
  }

private:
  std::mutex mutex_;
  std::condition_variable end_;
  bool is_over_ = false;
  std::thread thread_;
};

} // namespace

TEST_CASE("strict readers take what is told, and no counter falls with a "
          "daemon or an owner") {
  constexpr int lives = 3;
  constexpr int readings = 4;
  const auto scrapes
    = (all_scrapes() + lives * readings - 1) / (lives * readings);
  observed o;
  const load writes{o};
  REQUIRE(eventually(20s, [&] { return o.first.objections(1).empty(); }));
  for (int life = 0; life < lives; ++life) {
    o.first.check(scrapes);
    o.second.start();
    REQUIRE(eventually(30s, [&] { return o.is_owned_by("second"); }));
    o.second.check(scrapes);
    o.first.check(scrapes);
    o.second.process.kill();
    REQUIRE(eventually(30s, [&] { return o.is_owned_by("first"); }));
    o.first.check(scrapes);
    o.first.process.kill();
    o.first.start();
  }
  auto db = o.connect(o.database);
  CHECK(eventually(30s, [&] {
    return db.run("SELECT sum(times) > 3 FROM pgtrickle.pgt_counters"
                  " WHERE kind = 'refresh'")
             .value()
           == "t";
  }));
  o.first.check(1);
  CHECK(o.first.scraped + o.second.scraped > all_scrapes());
  MESSAGE(fmt::format("{} scrapes of both pages",
                      o.first.scraped + o.second.scraped));
}

} // namespace pgtrickle::test
