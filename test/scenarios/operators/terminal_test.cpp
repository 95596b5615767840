// pgtricklectl on a terminal: top, colours, and the line that tells how long.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"
#include "test/support/terminal_ctl.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace pgtrickle::test;

namespace {

constexpr auto enter = "\x1b[?1049h";
constexpr auto leave = "\x1b[?1049l";
constexpr auto show_cursor = "\x1b[?25h";

struct filled : scenario {
  filled() {
    must(db, "CREATE TABLE a (i int); INSERT INTO a VALUES (1)");
    must(db, "SELECT pgtrickle.create_stream_table('seen', 'SELECT i FROM a',"
             " '1h')");
  }
  std::string here = all.postgres.conninfo("app", "alice");
};

/// The terminal takes lines and echoes them, as it did before.
bool is_restored(const terminal_ctl& t) {
  return (t.local_modes() & ICANON) != 0 && (t.local_modes() & ECHO) != 0
         && t.output().find(leave) != std::string::npos
         && t.output().find(show_cursor) != std::string::npos;
}

} // namespace

TEST_CASE("top shows the stream tables until q, and gives the terminal back") {
  filled s;
  terminal_ctl t{{"top", "--interval", "0.2", "-d", s.here}};
  REQUIRE(t.shows(enter));
  REQUIRE(t.shows(s.schema + ".seen"));
  CHECK((t.local_modes() & ECHO) == 0);
  // It looks again and again.
  must(s.db, "SELECT pgtrickle.create_stream_table('later', 'SELECT i FROM a',"
             " '1h')");
  CHECK(t.shows(s.schema + ".later"));
  t.type("x");
  t.type("q");
  CHECK(t.wait() == 0);
  CHECK(is_restored(t));
}

TEST_CASE("Ctrl-C and SIGTERM end top as well") {
  filled s;
  {
    terminal_ctl t{{"top", "-d", s.here}};
    REQUIRE(t.shows("seen"));
    t.type("\x03");
    CHECK(t.wait() == 0);
    CHECK(is_restored(t));
  }
  terminal_ctl t{{"top", "-d", s.here}};
  REQUIRE(t.shows("seen"));
  t.signal(SIGTERM);
  CHECK(t.wait() == 0);
  CHECK(is_restored(t));
}

TEST_CASE("top survives the loss of its connection") {
  filled s;
  terminal_ctl t{{"top", "--interval", "0.2", "-d", s.here}};
  REQUIRE(t.shows("seen"));
  must(s.admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "application_name = 'pgtricklectl'");
  CHECK(t.shows("q quits\x1b[K"));
  must(s.db, "SELECT pgtrickle.create_stream_table('later', 'SELECT i FROM a',"
             " '1h')");
  CHECK(t.shows("later"));
  t.type("q");
  CHECK(t.wait() == 0);
  CHECK(is_restored(t));
}

TEST_CASE("top needs a terminal") {
  filled s;
  const auto done = run_ctl({"top", "-d", s.here});
  CHECK(done.status == 2);
  CHECK(done.says("top needs a terminal"));
}

TEST_CASE("colour is for a terminal whose user does not refuse it") {
  filled s;
  terminal_ctl plain{{"list", "-d", s.here}, {"NO_COLOR=1", "TERM=xterm"}};
  CHECK(plain.wait() == 0);
  CHECK(plain.output().find("ACTIVE") != std::string::npos);
  CHECK(plain.output().find('\x1b') == std::string::npos);
  terminal_ctl coloured{{"list", "-d", s.here}, {"NO_COLOR=", "TERM=xterm"}};
  CHECK(coloured.wait() == 0);
  CHECK(coloured.output().find("\x1b[32mACTIVE\x1b[0m") != std::string::npos);
  terminal_ctl json{{"list", "-o", "json", "-d", s.here},
                    {"NO_COLOR=", "TERM=xterm"}};
  CHECK(json.wait() == 0);
  CHECK(json.output().find('\x1b') == std::string::npos);
}

TEST_CASE("a refresh that takes its time shows for how long") {
  filled s;
  must(s.db, "INSERT INTO a VALUES (2)");
  auto holder = s.connect();
  must(holder, "BEGIN; LOCK TABLE seen");
  terminal_ctl t{{"refresh", s.schema + ".seen", "--wait", "-d", s.here}};
  CHECK(t.shows("refreshing " + s.schema + ".seen: "));
  CHECK(t.shows("trying again"));
  must(holder, "COMMIT");
  CHECK(t.wait() == 0);
  CHECK(t.output().find("COMPLETED") != std::string::npos);
}

TEST_CASE("what destroys asks on a terminal, and believes no other answer") {
  filled s;
  {
    terminal_ctl t{{"drop", s.schema + ".seen", "-d", s.here}};
    REQUIRE(t.shows("[y/N]"));
    t.type("n\n");
    CHECK(t.wait() == 1);
  }
  CHECK(holds(s.admin, "seen"));
  terminal_ctl t{{"drop", s.schema + ".seen", "-d", s.here}};
  REQUIRE(t.shows("[y/N]"));
  t.type("y\n");
  CHECK(t.wait() == 0);
  CHECK(s.admin.run("SELECT to_regclass('seen')").value() == "(null)");
}
