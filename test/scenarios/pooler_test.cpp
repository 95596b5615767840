// Clients that come through PgBouncer, in transaction mode:
// docs/integrations/pgbouncer.md.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <fstream>

namespace pgtrickle::test {

namespace {

/// A PgBouncer before the installation's PostgreSQL, with two connections to
/// each database for all clients together.
class pooler {
public:
  pooler() {
    const auto& server = the_installation().postgres;
    const auto users = dir_.path() / "users";
    std::ofstream(users) << "\"postgres\" \"\"\n\"alice\" \"\"\n";
    const auto configuration = dir_.path() / "pgbouncer.ini";
    std::ofstream(configuration) << fmt::format(
      "[databases]\n* = host={} port={}\n"
      "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n"
      "unix_socket_dir =\npool_mode = transaction\ndefault_pool_size = 2\n"
      "auth_type = trust\nauth_file = {}\n",
      server.socket_dir(), server.port(), port_, users.string());
    server_.emplace(std::vector<std::string>{"pgbouncer", configuration},
                    dir_.path() / "log", SIGKILL);
    REQUIRE(eventually(10s, [&] { return answers(); }));
  }

  [[nodiscard]] std::string conninfo(const std::string& user) const {
    return fmt::format("host=127.0.0.1 port={} dbname=app user={}", port_,
                       user);
  }

private:
  [[nodiscard]] bool answers() const {
    try {
      return session{conninfo("postgres")}.connected();
    } catch (const std::exception&) {
      return false;
    }
  }

  private_directory dir_;
  std::uint16_t port_ = free_port();
  std::optional<child_process> server_;
};

/// A scenario whose role finds its schema by itself: what a session sets does
/// not stay with it.
struct pooled : scenario {
  pooled() {
    must(admin, "ALTER ROLE alice SET search_path = " + schema + ", public");
    user.emplace(by.conninfo("alice"));
    must(*user, "CREATE TABLE orders (id int PRIMARY KEY, customer text,"
                " amount int)");
  }
  ~pooled() { admin.run("ALTER ROLE alice RESET search_path"); }

  pooler by;
  std::optional<session> user;
};

constexpr auto revenue = "'SELECT customer, sum(amount) AS total FROM orders"
                         " GROUP BY customer'";

} // namespace

TEST_CASE("behind a pooler calls are carried out, and writes are captured") {
  pooled s;
  must(*s.user, fmt::format("SELECT pgtrickle.create_stream_table('revenue', "
                            "{}, '1s')",
                            revenue));
  session other{s.by.conninfo("alice")};
  must(*s.user, "INSERT INTO orders VALUES (1, 'ada', 10)");
  must(other, "INSERT INTO orders VALUES (2, 'ada', 5)");
  must(*s.user, "SELECT pgtrickle.refresh_stream_table('revenue')");
  CHECK(other.run("SELECT total FROM revenue").value() == "15");
  must(*s.user, "UPDATE orders SET amount = 20 WHERE id = 1");
  CHECK(comes_true(s.admin, "revenue"));
  CHECK(other.run("SELECT pgtrickle.refresh_stream_table('none')").sqlstate
        == "42P01");
  must(other, "SELECT pgtrickle.drop_stream_table('revenue')");
}

TEST_CASE("behind a pooler a definition call is carried out after its COMMIT") {
  pooled s;
  must(*s.user, "BEGIN");
  must(*s.user, fmt::format("SELECT pgtrickle.create_stream_table('revenue', "
                            "{}, '1s')",
                            revenue));
  must(*s.user, "INSERT INTO orders VALUES (1, 'ada', 10)");
  must(*s.user, "COMMIT");
  CHECK(eventually(10s, [&] {
    return s.user->run("SELECT total FROM revenue").value() == "10";
  }));
  must(*s.user, "BEGIN");
  must(*s.user, "INSERT INTO orders VALUES (2, 'ada', 1)");
  CHECK(s.user->run("SELECT pgtrickle.refresh_stream_table('revenue')").sqlstate
        == "25001");
  must(*s.user, "ROLLBACK");
}

TEST_CASE(
  "behind a pooler an IMMEDIATE stream table follows each transaction") {
  pooled s;
  must(*s.user, fmt::format("SELECT pgtrickle.create_stream_table('revenue', "
                            "{}, refresh_mode => 'IMMEDIATE')",
                            revenue));
  // More clients than connections, so that transactions change their session.
  std::vector<session> clients;
  for (int i = 0; i < 5; ++i)
    clients.emplace_back(s.by.conninfo("alice"));
  int committed = 0;
  for (int i = 0; i < 50; ++i) {
    auto& client = clients[static_cast<std::size_t>(i) % clients.size()];
    const bool taken_back = i % 7 == 6;
    must(client, "BEGIN");
    must(client, fmt::format("INSERT INTO orders VALUES ({}, 'ada', 1)", i));
    CHECK(client.run("SELECT total FROM revenue").value()
          == std::to_string(committed + 1));
    must(client, taken_back ? "ROLLBACK" : "COMMIT");
    committed += taken_back ? 0 : 1;
  }
  CHECK(s.user->run("SELECT total FROM revenue").value()
        == std::to_string(committed));
}

TEST_CASE("behind a pooler statement_timeout ends a call") {
  pooled s;
  must(*s.user, "CREATE FUNCTION slow(int) RETURNS int LANGUAGE sql AS"
                " 'SELECT $1 FROM pg_sleep(30)'");
  must(*s.user, "SELECT pgtrickle.create_stream_table('slowly',"
                " 'SELECT slow(id) AS x FROM orders', '1h', 'FULL')");
  must(*s.user, "INSERT INTO orders VALUES (1, 'ada', 10)");
  // The connections of a pool have it from their start.
  must(s.admin, "ALTER ROLE alice SET statement_timeout = '1s'");
  const pooler fresh;
  session timed{fresh.conninfo("alice")};
  CHECK(timed.run("SELECT pgtrickle.refresh_stream_table('slowly')").sqlstate
        == "57014");
  must(s.admin, "ALTER ROLE alice RESET statement_timeout");
}

TEST_CASE("a daemon that is pointed at a pooler says so, and leaves it alone") {
  const pooled s;
  private_daemon astray{s.by.conninfo("postgres"),
                        the_installation().nats.url(), "astray"};
  astray.start();
  CHECK(eventually(10s, [&] {
    return astray.log().find("a connection pooler stands between")
           != std::string::npos;
  }));
  CHECK(astray.stop() == 0);
  // Its settings would have stayed with the pool's connections.
  session after{s.by.conninfo("postgres")};
  CHECK(after.run("SHOW search_path").value() == "\"$user\", public");
}

TEST_CASE("pgtricklectl works behind a pooler") {
  pooled s;
  const auto to = s.by.conninfo("alice");
  const auto made = run_ctl(
    {"create", "revenue", "SELECT sum(amount) AS total FROM orders", "-d", to});
  CHECK_MESSAGE(made.status == 0, made.output);
  CHECK(run_ctl({"refresh", "revenue", "-d", to}).status == 0);
  CHECK(run_ctl({"status", "-d", to}).says("1 of 1 ACTIVE"));
  CHECK(run_ctl({"snapshot", "create", "revenue", "-d", to}).status == 0);
  const auto listed = run_ctl({"snapshot", "list", "-d", to});
  CHECK_MESSAGE(listed.says("revenue"), listed.output);
}

} // namespace pgtrickle::test
