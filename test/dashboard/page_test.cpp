// The JSON and the page, as a daemon at work serves them. What is looked at is
// in the Python programs beside this.

#include "test/support/contents.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace pgtrickle::test {

namespace {

struct watched_shop {
  private_postgres postgres;
  private_nats nats;
  std::string address = "127.0.0.1:" + std::to_string(free_port());
  private_daemon daemon{
    postgres.conninfo(), nats.url(), "first", {"--http=" + address}};

  watched_shop();
  void create_stream_tables(session& db) const;
};

void create_sources(session& db) {
  must(db, R"sql(
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id int PRIMARY KEY, customer int, amount numeric);
    CREATE TABLE shop.customers (id int PRIMARY KEY, name text, region text);
    INSERT INTO shop.customers
      SELECT n, 'customer ' || n, 'region ' || n % 5 FROM generate_series(1, 100) n;
    INSERT INTO shop.orders
      SELECT n, n % 100 + 1, n % 97 FROM generate_series(1, 1000) n;
  )sql");
}

/// Roles that PostgreSQL asks for their passwords, and one that it believes.
void create_roles(session& db) {
  must(db, R"sql(
    CREATE ROLE owner LOGIN PASSWORD 'right' IN ROLE postgres;
    CREATE ROLE stranger LOGIN PASSWORD 'right';
    CREATE ROLE trusted LOGIN PASSWORD 'right';
  )sql");
  const auto file = db.run("SHOW hba_file").value();
  const auto believed = contents(file);
  std::ofstream{file} << "local all owner,stranger,nobody scram-sha-256\n"
                      << believed;
  must(db, "SELECT pg_reload_conf()");
}

watched_shop::watched_shop() {
  session admin(postgres.conninfo());
  must(admin, "CREATE DATABASE app");
  must(admin,
       "ALTER DATABASE app SET pg_trickle.nats_url = '" + nats.url() + "'");
  session db(postgres.conninfo("app"));
  must(db, "CREATE EXTENSION pg_trickle");
  create_sources(db);
  create_roles(db);
  daemon.start();
  session caller(postgres.conninfo("app"));
  REQUIRE(eventually(20s, [&] {
    return caller.run("SELECT pgtrickle.ping()").sqlstate.empty();
  }));
  create_stream_tables(caller);
}

void watched_shop::create_stream_tables(session& db) const {
  const auto create = [&](const std::string& name, const std::string& query,
                          const std::string& rest) {
    must(db, "SELECT pgtrickle.create_stream_table(" + db.literal(name) + ", "
               + db.literal(query) + ", " + rest + ")");
  };
  create("shop.revenue",
         "SELECT c.region, count(*) AS orders, sum(o.amount) AS amount FROM"
         " shop.orders o JOIN shop.customers c ON c.id = o.customer GROUP BY"
         " c.region",
         "'1s'");
  create("shop.big_orders",
         "SELECT id, customer, amount FROM shop.orders WHERE amount > 90",
         "'5s'");
  create("shop.big_by_customer",
         "SELECT customer, count(*) AS n FROM shop.big_orders GROUP BY"
         " customer",
         "'10s'");
  create("shop.\"<script>document.title='owned'</script>\"",
         "SELECT region FROM shop.customers WHERE name <> 'hidden literal'",
         "'1d'");
  create("shop.daily",
         "SELECT region, count(*) AS n FROM shop.customers GROUP BY region",
         "'1d'");
  create("shop.inverse", "SELECT id, 1 / amount AS x FROM shop.orders",
         "'1s', 'DIFFERENTIAL', initialize => false");
  must(db, "SELECT pgtrickle.set_stream_table_sla('shop.revenue', '5 s')");
  must(db, "SELECT pgtrickle.snapshot_stream_table('shop.revenue')");
  // It divides by the amount.
  must(db, "INSERT INTO shop.orders VALUES (-1, 1, 0)");
  REQUIRE(eventually(60s, [&] {
    return db.run("SELECT status FROM pgtrickle.pgt_status()"
                  " WHERE name = 'shop.inverse'")
             .value()
           == "ERROR";
  }));
}

watched_shop& the_shop() {
  static watched_shop shop;
  return shop;
}

/// Where they can be copied from to docs/images.
void keep_images(const std::filesystem::path& from) {
  std::filesystem::create_directories(DASHBOARD_IMAGES);
  for (const auto& file : std::filesystem::directory_iterator{from})
    if (file.path().extension() == ".png")
      std::filesystem::copy(file, DASHBOARD_IMAGES,
                            std::filesystem::copy_options::overwrite_existing);
}

/// Runs a program of this folder; returns what it printed if it failed.
std::string complaints_of(const std::string& program) {
  auto& shop = the_shop();
  setenv("DASHBOARD_URL", ("http://" + shop.address).c_str(), 1);
  setenv("DASHBOARD_DATABASE", shop.postgres.conninfo("app").c_str(), 1);
  setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
  private_directory dir;
  setenv("DASHBOARD_IMAGES", dir.path().c_str(), 1);
  setenv("HOME", dir.path().c_str(), 1);
  const auto log = dir.path() / "log";
  // Debian's own Python has what the programs import.
  child_process run{
    {"/usr/bin/python3", std::string{DASHBOARD_TESTS} + "/" + program},
    log,
    SIGKILL};
  const auto status = run.wait();
  keep_images(dir.path());
  return status == 0 ? "" : contents(log) + "\n" + shop.daemon.log();
}

} // namespace

TEST_CASE("the JSON is as it is described, and as SQL says") {
  CHECK(complaints_of("api_test.py") == "");
}

TEST_CASE("the page works in a browser") {
  CHECK(complaints_of("page_test.py") == "");
}

TEST_CASE("a daemon that somebody follows ends no later") {
  auto& shop = the_shop();
  private_directory dir;
  const auto log = dir.path() / "log";
  child_process follower{
    {"curl", "-sN", "http://" + shop.address + "/api/v1/events"}, log, SIGKILL};
  REQUIRE(eventually(20s, [&] {
    return contents(log).find("event: changes") != std::string::npos;
  }));
  const auto began = std::chrono::steady_clock::now();
  CHECK(shop.daemon.stop() == 0);
  CHECK(std::chrono::steady_clock::now() - began < 4s);
  CHECK(follower.wait() == 0);
}

} // namespace pgtrickle::test
