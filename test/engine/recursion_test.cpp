#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

using namespace pgtrickle;

namespace {

constexpr const char* closure
  = "WITH RECURSIVE t(a, b) AS (SELECT src, dst FROM edge UNION SELECT t.a, "
    "e.dst FROM t JOIN edge e ON e.src = t.b) SELECT a, b FROM t";
constexpr const char* reached
  = "WITH RECURSIVE t(id) AS (SELECT id FROM start UNION SELECT e.dst FROM "
    "edge e JOIN t ON e.src = t.id JOIN colour c ON c.id = e.colour "
    "WHERE NOT c.closed) SELECT id FROM t";
constexpr const char* levels
  = "WITH RECURSIVE t(id, level, path) AS (SELECT id, 0, name FROM node WHERE "
    "parent IS NULL UNION ALL SELECT n.id, t.level + 1, t.path || '/' || "
    "n.name FROM node n JOIN t ON n.parent = t.id) SELECT * FROM t";

struct graph : test::stream_database {
  graph() {
    sql("CREATE TABLE start (id int);"
        "CREATE TABLE edge (src int, dst int, colour int DEFAULT 1);"
        "CREATE TABLE colour (id int PRIMARY KEY, closed boolean NOT NULL);"
        "CREATE TABLE node (id int PRIMARY KEY, parent int, name text);"
        "INSERT INTO colour VALUES (1, false), (2, false), (3, true)");
  }

  /// Creates a stream table whose recursion is not recomputed.
  stream_table_id recursive(const std::string& name, const std::string& query) {
    const auto id = create(name, query);
    const auto told = engine::explain_stream_table(session(), owner(), name);
    REQUIRE(told);
    REQUIRE_MESSAGE(told->find("recomputed_subtrees") == std::string::npos,
                    *told);
    REQUIRE(told->find("recursive union") != std::string::npos);
    return id;
  }

  void keeps(const std::string& query,
             const std::vector<std::string>& changes) {
    const auto id = recursive("kept", query);
    REQUIRE(difference("kept", query) == 0);
    for (const auto& change : changes) {
      CAPTURE(change);
      sql(change);
      CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
      REQUIRE(difference("kept", query) == 0);
    }
  }

  /// Changes at random, and compares each table with its query after each.
  void keeps_all(const std::vector<std::string>& queries, int rounds,
                 const std::function<std::string()>& change) {
    std::vector<stream_table_id> ids;
    for (const auto& query : queries)
      ids.push_back(recursive(fmt::format("kept{}", ids.size()), query));
    for (int round = 0; round < rounds; ++round) {
      const auto changes = change();
      CAPTURE(round);
      CAPTURE(changes);
      sql(changes);
      for (const auto& outcome : refresh(ids))
        CHECK(outcome.action != "FULL");
      for (std::size_t i = 0; i < queries.size(); ++i)
        REQUIRE(difference(fmt::format("kept{}", i), queries[i]) == 0);
    }
  }
};

} // namespace

TEST_CASE_FIXTURE(graph, "a closure follows edges that come and go") {
  sql("INSERT INTO edge VALUES (1, 2), (2, 3), (3, 4), (7, 8)");
  keeps(closure, {
                   "INSERT INTO edge VALUES (4, 5), (0, 1)",
                   "INSERT INTO edge VALUES (4, 7)",
                   "DELETE FROM edge WHERE src = 2",
                   "UPDATE edge SET dst = 7 WHERE src = 1",
                   "DELETE FROM edge",
                 });
}

TEST_CASE_FIXTURE(graph, "a row that loses one of its derivations stays") {
  sql("INSERT INTO edge VALUES (1, 2), (2, 4), (1, 3), (3, 4), (4, 5), (1, 2)");
  keeps(closure, {
                   "DELETE FROM edge WHERE src = 2",
                   "INSERT INTO edge VALUES (1, 4)",
                   "DELETE FROM edge WHERE src = 3",
                   "DELETE FROM edge WHERE ctid = (SELECT min(ctid) FROM edge "
                   "WHERE src = 1 AND dst = 2)",
                 });
}

TEST_CASE_FIXTURE(graph, "a circle does not keep itself") {
  sql("INSERT INTO start VALUES (1), (9); "
      "INSERT INTO edge VALUES (1, 2), (2, 3), (3, 4), (4, 2), (9, 3)");
  keeps(reached, {
                   "DELETE FROM edge WHERE src = 1",
                   "DELETE FROM start WHERE id = 9",
                   "INSERT INTO start VALUES (4)",
                   // Its support moves into the circle that it feeds.
                   "INSERT INTO edge VALUES (3, 4), (4, 4); "
                   "DELETE FROM start WHERE id = 4",
                   "INSERT INTO start VALUES (1), (3)",
                   "DELETE FROM start WHERE id = 3; "
                   "INSERT INTO edge VALUES (1, 2)",
                 });
}

TEST_CASE_FIXTURE(graph, "base and step change at once") {
  sql("INSERT INTO start VALUES (1), (5); "
      "INSERT INTO edge VALUES (1, 2, 1), (2, 3, 2), (3, 1, 3), (5, 3, 3)");
  keeps(reached, {
                   "UPDATE colour SET closed = NOT closed",
                   "UPDATE colour SET closed = false; "
                   "DELETE FROM start WHERE id = 1",
                   "INSERT INTO start VALUES (2); UPDATE colour SET closed = "
                   "true WHERE id = 2; INSERT INTO edge VALUES (2, 6, 1)",
                   "UPDATE edge SET src = dst, dst = src; "
                   "UPDATE colour SET closed = id = 1",
                 });
}

TEST_CASE_FIXTURE(graph, "a tree with levels follows nodes that move") {
  sql("INSERT INTO node SELECT i, CASE WHEN i > 2 THEN i / 2 END, 'n' || i "
      "FROM generate_series(1, 30) i");
  keeps(levels, {
                  "UPDATE node SET parent = 2 WHERE id = 6",
                  "UPDATE node SET name = 'other' WHERE id = 1",
                  "UPDATE node SET parent = 20 WHERE id = 4; "
                  "UPDATE node SET parent = NULL WHERE id = 10",
                  "INSERT INTO node VALUES (40, 30, 'leaf'), (41, 40, 'leaf')",
                  "DELETE FROM node WHERE id = 3",
                  "INSERT INTO node VALUES (3, NULL, 'n3')",
                });
}

TEST_CASE_FIXTURE(graph, "copies are kept under UNION ALL") {
  sql("INSERT INTO start VALUES (1), (1); "
      "INSERT INTO edge VALUES (1, 2), (1, 2), (2, 3), (NULL, 4)");
  keeps("WITH RECURSIVE t(id) AS (SELECT id FROM start UNION ALL SELECT e.dst "
        "FROM t JOIN edge e ON e.src = t.id) SELECT id FROM t",
        {
          "DELETE FROM start WHERE ctid = (SELECT min(ctid) FROM start)",
          "INSERT INTO edge VALUES (2, 3), (3, 5)",
          "INSERT INTO start VALUES (NULL), (2)",
          "UPDATE edge SET src = 1 WHERE src = 2",
        });
}

TEST_CASE_FIXTURE(graph, "nulls and values that only look different are one "
                         "row under UNION") {
  sql("CREATE TABLE price (a numeric, b numeric); "
      "INSERT INTO price VALUES (1, 2.0), (2, 3), (1, 2), (3, NULL)");
  keeps("WITH RECURSIVE t(a, b) AS (SELECT a, b FROM price UNION SELECT t.a, "
        "p.b + 1 FROM t JOIN price p ON p.a = t.b WHERE p.b < 9) "
        "SELECT a, b FROM t",
        {
          "DELETE FROM price WHERE b::text = '2.0'",
          "INSERT INTO price VALUES (4.00, 1), (NULL, NULL), (NULL, NULL)",
          "DELETE FROM price WHERE b = 3",
          "DELETE FROM price WHERE a IS NULL",
        });
}

TEST_CASE_FIXTURE(graph, "random graphs keep what is reached and their "
                         "closures") {
  std::mt19937 random{7};
  const auto some = [&](unsigned n) { return random() % n; };
  sql("INSERT INTO start VALUES (1); INSERT INTO edge SELECT i % 8, i * 3 % 8, "
      "1 + i % 3 FROM generate_series(1, 9) i");
  keeps_all({closure, reached}, 150, [&] {
    std::string changes;
    for (auto i = some(4); i < 4; ++i)
      switch (some(7)) {
        case 0:
        case 1:
          changes += fmt::format("INSERT INTO edge VALUES ({}, {}, {});",
                                 some(8), some(8), 1 + some(3));
          break;
        case 2:
        case 3:
          changes += fmt::format(
            "DELETE FROM edge WHERE ctid = (SELECT ctid FROM edge ORDER BY "
            "src = {} DESC, dst = {} DESC LIMIT 1);",
            some(8), some(8));
          break;
        case 4:
          changes += fmt::format("UPDATE edge SET dst = {} WHERE src = {};",
                                 some(8), some(8));
          break;
        case 5:
          changes += fmt::format("INSERT INTO start VALUES ({});", some(8));
          break;
        default:
          changes += fmt::format("DELETE FROM start WHERE id = {};"
                                 "UPDATE colour SET closed = NOT closed "
                                 "WHERE id = {};",
                                 some(8), 1 + some(3));
      }
    return changes;
  });
}

TEST_CASE_FIXTURE(graph, "random trees keep their levels") {
  std::mt19937 random{11};
  const auto some = [&](unsigned n) { return random() % n; };
  sql("INSERT INTO node SELECT i, CASE WHEN i > 3 THEN i / 2 END, 'n' || i "
      "FROM generate_series(1, 40) i");
  unsigned next = 100;
  keeps_all({levels}, 80, [&] {
    std::string changes;
    for (auto i = some(3); i < 3; ++i)
      switch (some(4)) {
        case 0:
          changes += fmt::format("INSERT INTO node SELECT {0}, min(id), 'm{0}' "
                                 "FROM node WHERE id >= {1};",
                                 next++, some(100));
          break;
        case 1:
          changes += fmt::format("DELETE FROM node WHERE id = (SELECT min(id) "
                                 "FROM node WHERE id >= {});",
                                 some(120));
          break;
        case 2:
          changes += fmt::format(
            "UPDATE node SET name = name || 'x' WHERE id = {};", some(40));
          break;
        default: // under a smaller one, so that there is no circle
          changes += fmt::format("UPDATE node SET parent = nullif({}, 0) "
                                 "WHERE id = {};",
                                 some(10), 10 + some(30));
      }
    return changes;
  });
}
