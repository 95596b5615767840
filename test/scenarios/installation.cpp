#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

namespace pgtrickle::test {

namespace {

constexpr auto start_limit = 20s;

std::string new_schema() {
  static int count = 0;
  return "scenario_" + std::to_string(++count);
}

void require(bool condition, const std::string& what) {
  if (!condition)
    throw std::runtime_error(what);
}

} // namespace

installation::installation() {
  auto db = connect("postgres", "postgres");
  must(db, "CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN");
  daemon.start();
  create_database("app");
  auto app = connect();
  must(app, "GRANT CREATE ON DATABASE app TO alice, bob");
}

session installation::connect(const std::string& user,
                              const std::string& database) const {
  session db(postgres.conninfo(database, user));
  // No scenario hangs: whatever waits longer than this has failed.
  must(db, "SET statement_timeout = '60s'");
  return db;
}

void installation::create_database(const std::string& name) const {
  auto db = connect("postgres", "postgres");
  must(db, "CREATE DATABASE " + name);
  must(db, "ALTER DATABASE " + name + " SET pg_trickle.nats_url = '"
             + nats.url() + "'");
  auto inside = connect("postgres", name);
  must(inside, "CREATE EXTENSION pg_trickle");
  require(eventually(start_limit, [&] { return serves(name); }),
          "no daemon serves database " + name + ": " + daemon.log());
}

bool installation::serves(const std::string& database) const {
  return connect("postgres", database)
    .run("SELECT pgtrickle.validate_query('SELECT 1')")
    .sqlstate.empty();
}

void installation::repair() {
  if (!daemon.running())
    daemon.start();
  require(eventually(start_limit, [&] { return serves(); }),
          "the daemon does not serve database app");
}

installation& the_installation() {
  static installation only;
  return only;
}

scenario::scenario()
  : schema(new_schema()), admin((all.repair(), all.connect())), db([&] {
      must(admin, "CREATE SCHEMA " + schema + " AUTHORIZATION alice");
      return connect();
    }()) {
  must(admin, "SET search_path = " + schema);
}

scenario::~scenario() {
  auto last = all.connect();
  last.run("DROP SCHEMA " + schema + " CASCADE");
}

session scenario::connect(const std::string& user) const {
  auto opened = all.connect(user);
  must(opened, "SET search_path = " + schema + ", public");
  return opened;
}

bool holds(session& admin, const std::string& stream_table) {
  const auto found
    = admin.run("SELECT defining_query FROM pgtrickle.pgt_stream_tables"
                " WHERE pgt_relid = "
                + admin.literal(stream_table) + "::regclass");
  const auto query = found.value();
  const auto difference = admin.run(
    "SELECT count(*) FROM ((SELECT * FROM " + stream_table + " EXCEPT ALL ("
    + query + ")) UNION ALL ((" + query + ") EXCEPT ALL SELECT * FROM "
    + stream_table + ")) AS difference");
  return difference.value() == "0";
}

bool comes_true(session& admin, const std::string& stream_table,
                std::chrono::milliseconds limit) {
  return eventually(limit, [&] { return holds(admin, stream_table); });
}

} // namespace pgtrickle::test
