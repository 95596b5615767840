// Row-level security of sources: the query sees what the stream table's owner
// sees.

#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

/// Notes of alice and of others, in a table of the administrator's.
struct notes : scenario {
  notes() {
    must(admin,
         "CREATE TABLE note (id int PRIMARY KEY, of_role name, word text);"
         "INSERT INTO note VALUES (1, 'alice', 'mine'), "
         "(2, 'bob', 'secret');"
         "GRANT SELECT ON note TO alice");
  }

  void protect() {
    must(admin, "ALTER TABLE note ENABLE ROW LEVEL SECURITY;"
                "CREATE POLICY own ON note USING (of_role = current_user)");
  }

  std::string words() {
    return admin.run("SELECT string_agg(word, ' ' ORDER BY word) FROM kept")
      .value();
  }

  void create(const std::string& mode) {
    must(db, "SELECT pgtrickle.create_stream_table('kept',"
             " 'SELECT id, word FROM note', '1s', '"
               + mode + "')");
  }
};

} // namespace

TEST_CASE("a stream table over protected rows has those that its owner sees") {
  notes s;
  s.protect();
  s.create("AUTO");
  CHECK(s.words() == "mine");
  must(s.admin, "INSERT INTO note VALUES (3, 'alice', 'more'),"
                " (4, 'bob', 'hidden')");
  CHECK(eventually(10s, [&] { return s.words() == "mine more"; }));
}

TEST_CASE("protected rows are not read by their changes") {
  notes s;
  s.protect();
  for (const std::string mode : {"DIFFERENTIAL", "IMMEDIATE"}) {
    CAPTURE(mode);
    CHECK(s.db
            .run("SELECT pgtrickle.create_stream_table('kept',"
                 " 'SELECT id, word FROM note', '1s', '"
                 + mode + "')")
            .sqlstate
          == "0A000");
  }
}

TEST_CASE("a policy that comes later takes the rows that it hides") {
  notes s;
  s.create("AUTO");
  CHECK(s.words() == "mine secret");
  s.protect();
  CHECK(eventually(10s, [&] { return s.words() == "mine"; }));
  must(s.admin, "INSERT INTO note VALUES (4, 'bob', 'hidden')");
  must(s.admin, "INSERT INTO note VALUES (5, 'alice', 'news')");
  CHECK(eventually(10s, [&] { return s.words() == "mine news"; }));
}

} // namespace pgtrickle::test
