// A database with stream tables, dumped under a live writer and loaded into
// another cluster. Its stream tables go on without any snapshot, and from one
// that they bring along.

#include "test/scenarios/copies.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace pgtrickle::test {

namespace {

const std::string binaries = "/usr/lib/postgresql/15/bin/";

/// Another cluster, with a daemon that is or is not running yet.
struct target {
  private_postgres postgres;
  private_daemon daemon{postgres.conninfo(), the_installation().nats.url(),
                        "elsewhere"};

  void create_database() const {
    session db(postgres.conninfo());
    must(db, "CREATE DATABASE shop");
    must(db, "ALTER DATABASE shop SET pg_trickle.nats_url = '"
               + the_installation().nats.url() + "'");
  }
};

/// The commands of the page, one a line.
std::vector<std::string> commands_of_page() {
  std::ifstream page{BACKUP_PAGE};
  std::vector<std::string> commands;
  std::string line;
  while (std::getline(page, line) && line != "```sh") {
  }
  while (std::getline(page, line) && line != "```")
    commands.push_back(line);
  return commands;
}

/// Runs a command in `folder` as if `server` were the only one.
void run_there(const std::string& command, const private_directory& folder,
               const private_postgres& server) {
  run({"/usr/bin/env", "PGHOST=" + server.socket_dir(),
       "PGPORT=" + std::to_string(server.port()), "PGUSER=postgres",
       "PATH=" + binaries + ":/usr/bin:/bin", "sh", "-c",
       "cd " + folder.path().string() + " && " + command});
}

} // namespace

TEST_CASE(
  "a dump of a database with stream tables goes on where it is loaded") {
  auto& all = the_installation();
  all.repair();
  shop::create(all.postgres, all.nats);
  shop original(all.postgres);
  original.change();
  original.take_snapshot("kept");
  shop_writer writer(all.postgres);
  REQUIRE(eventually(10s, [&] {
    return original.db.run("SELECT count(*) > 5 FROM event").value() == "t";
  }));

  target there;
  const private_directory dir;
  const auto dump = (dir.path() / "dump").string();
  const auto load_from = "--dbname=" + all.postgres.conninfo("shop");
  const auto load_into = "--dbname=" + there.postgres.conninfo("shop");
  const auto began = original.now();
  SUBCASE("as the page says") {
    const auto commands = commands_of_page();
    REQUIRE(commands.size() == 2);
    run_there(commands[0], dir, all.postgres);
    run_there(commands[1], dir, there.postgres);
    there.daemon.start();
  }
  SUBCASE("by pg_restore, before there is a daemon") {
    there.create_database();
    run({binaries + "pg_dump", "-Fc", "--file=" + dump, load_from});
    run({binaries + "pg_restore", "--exit-on-error", load_into, dump});
    // written before the daemon's first contact
    shop copy(there.postgres);
    must(copy.db, "DELETE FROM sale WHERE id % 13 = 0");
    there.daemon.start();
  }
  SUBCASE("by psql, under the eyes of a daemon") {
    there.create_database();
    there.daemon.start();
    run({binaries + "pg_dump", "--file=" + dump, load_from});
    run({binaries + "psql", "--set=ON_ERROR_STOP=1", "--quiet",
         "--file=" + dump, load_into});
  }
  SUBCASE("by a parallel pg_restore, under the eyes of a daemon") {
    there.create_database();
    there.daemon.start();
    run({binaries + "pg_dump", "-Fd", "--jobs=2", "--file=" + dump, load_from});
    run({binaries + "pg_restore", "--exit-on-error", "--jobs=2", load_into,
         dump});
  }
  shop copy(there.postgres);
  CHECK(eventually(30s, [&] {
    return copy.db.run("SELECT pgtrickle._is_restored()").value() == "f"
           && copy.db.run("SELECT pgtrickle.ping()").sqlstate.empty();
  }));
  {
    // The dump has rows of the first writer's.
    const auto before = copy.db.run("SELECT count(*) FROM event").value();
    shop_writer other(there.postgres);
    copy.change();
    CHECK(eventually(10s, [&] {
      return copy.db.run("SELECT count(*) > 5 + " + before + " FROM event")
               .value()
             == "t";
    }));
    CHECK(other.stop() > 0);
  }
  CHECK(writer.stop() > 0);
  CHECK(copy.comes_right());
  CHECK(copy.full_refreshes_since(began) == "none");
  copy.goes_on_from_snapshot("kept");
  // A stream table can be made, and a call answered, as everywhere.
  must(copy.db, "SELECT pgtrickle.create_stream_table('\"the shop\".later',"
                " 'SELECT count(*) AS n FROM \"the shop\".sale')");
  CHECK(holds(copy.db, "later"));
  if (!copy.comes_right(1s))
    MESSAGE(there.daemon.log());
  must(original.db, "SELECT 1");
  auto last = all.connect("postgres", "postgres");
  must(last, "DROP DATABASE shop WITH (FORCE)");
}

} // namespace pgtrickle::test
