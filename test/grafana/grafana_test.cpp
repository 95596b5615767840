// What Grafana's dashboards ask, asked of a Prometheus that scrapes a daemon at
// work. What is asked is in the Python programs beside this.

#include "test/support/contents.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>

namespace pgtrickle::test {

namespace {

/// A shop with stream tables that follow its orders, one of which fails when an
/// amount is 0.
struct scraped_shop {
  scraped_shop();
  void create_sources() const;
  void create_stream_tables() const;

  private_postgres postgres;
  private_nats nats;
  std::string address = "127.0.0.1:" + std::to_string(free_port());
  private_daemon daemon{
    postgres.conninfo(), nats.url(), "first", {"--http=" + address}};
};

scraped_shop::scraped_shop() {
  session admin(postgres.conninfo());
  must(admin, "CREATE DATABASE app");
  must(admin,
       "ALTER DATABASE app SET pg_trickle.nats_url = '" + nats.url() + "'");
  create_sources();
  daemon.start();
  create_stream_tables();
}

void scraped_shop::create_sources() const {
  session db(postgres.conninfo("app"));
  must(db, R"sql(
    CREATE EXTENSION pg_trickle;
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id int PRIMARY KEY, customer int, amount numeric);
    INSERT INTO shop.orders SELECT n, n % 100, n % 97 + 1 FROM generate_series(1, 1000) n;
  )sql");
}

void scraped_shop::create_stream_tables() const {
  session db(postgres.conninfo("app"));
  REQUIRE(eventually(
    20s, [&] { return db.run("SELECT pgtrickle.ping()").sqlstate.empty(); }));
  const std::vector<std::string> calls{
    "create_stream_table('shop.revenue', 'SELECT customer, sum(amount) AS"
    " amount FROM shop.orders GROUP BY 1', '1s')",
    R"(create_stream_table('shop."big ""orders""\"', 'SELECT id, amount FROM)"
    " shop.orders WHERE amount > 90', '1s')",
    "create_stream_table('shop.inverse', 'SELECT id, 1 / amount AS x FROM"
    " shop.orders', '1s', 'DIFFERENTIAL')",
    "set_stream_table_sla('shop.revenue', '5 s')",
    R"(set_stream_table_sla('shop."big ""orders""\"', '10 s'))"};
  for (const auto& call : calls)
    must(db, "SELECT pgtrickle." + call);
}

/// Runs a program of this folder; returns what it printed if it failed.
std::string complaints_of(const std::string& program,
                          const scraped_shop& shop) {
  setenv("DAEMON", shop.address.c_str(), 1);
  setenv("DATABASE", shop.postgres.conninfo("app").c_str(), 1);
  setenv("DEPLOY", DEPLOY, 1);
  setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
  private_directory dir;
  const auto log = dir.path() / "log";
  // Debian's own Python has what the programs import.
  child_process run{
    {"/usr/bin/python3", std::string{GRAFANA_TESTS} + "/" + program},
    log,
    SIGTERM};
  const auto status = run.wait();
  return status == 0 ? "" : contents(log);
}

} // namespace

TEST_CASE("no panel of Grafana's dashboards is empty") {
  const scraped_shop shop;
  CHECK(complaints_of("dashboards_test.py", shop) == "");
}

} // namespace pgtrickle::test
