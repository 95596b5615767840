// Programs of joins over every kind of condition, run by hand on random bags.

#include "services/differential/program.hpp"
#include "services/query/sql_text.hpp"
#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

using namespace pgtrickle;

namespace {

/// The tables `a` and `b` without keys, and a program over them.
struct two_bags : test::stream_database {
  two_bags() {
    // As in the daemon's sessions.
    sql("SET jit = off");
    for (const auto* name : {"a", "b"})
      sql(fmt::format("CREATE TABLE {0} (x int, y int); "
                      "CREATE TABLE before_{0} (LIKE {0})",
                      name));
  }

  plan_ptr scan_of(const std::string& name) {
    const column integer{.type = "integer", .eq = equality::exact};
    const auto oid_of = sql(fmt::format("SELECT '{}'::regclass::oid", name));
    return std::make_shared<const plan>(
      plan{scan{oid_of[0][0].as<oid>(),
                "public." + name,
                {{1, "x", integer}, {2, "y", integer}}},
           {integer, integer}});
  }

  template <class Join>
  static plan_ptr join_of(Join node) {
    auto columns = node.left->columns;
    if constexpr (!requires { node.anti; })
      columns.insert(columns.end(), node.right->columns.begin(),
                     node.right->columns.end());
    return std::make_shared<const plan>(
      plan{std::move(node), std::move(columns)});
  }

  /// Some inserts and deletes; how many, and of which values, varies.
  void change(const std::string& table) {
    const auto width = pick(6);
    sql(fmt::format(
      "DELETE FROM {0} WHERE ctid IN (SELECT ctid FROM {0} ORDER BY "
      "hashint4(x * 7 + coalesce(y, 0) + {1}), ctid LIMIT {2}); "
      "INSERT INTO {0} SELECT nullif((i * {3} + {1}) % {4}, 1), "
      "nullif(i % 3, 2) FROM generate_series(1, {5}) i",
      table, pick(1000), pick(8), 1 + pick(4), 1 + width, pick(8)));
  }

  void install(const plan_ptr& root) {
    program_ = compile(*root, {stream_table_id{7}, "public.kept",
                               column_names(root->columns.size())});
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < root->columns.size(); ++i)
      columns.push_back(column_name(i) + " int");
    sql(fmt::format("DROP TABLE IF EXISTS kept; CREATE TABLE kept ({})",
                    joined(columns)));
    for (const auto& source : program_.sources)
      sql(fmt::format("DROP TABLE IF EXISTS {0}; CREATE TABLE {0} (c1 int, c2 "
                      "int, __weight bigint, __part int DEFAULT 0, __at tid "
                      "DEFAULT '(3,1)', __xid xid8 DEFAULT '9')",
                      source.view));
    for (const auto* tables : {&program_.staging, &program_.state})
      for (const auto& table : *tables)
        sql("DROP TABLE IF EXISTS " + table);
    for (const auto* statements :
         {&program_.create_staging, &program_.create_state})
      for (const auto& statement : *statements)
        sql(statement);
    sql("CREATE OR REPLACE FUNCTION refresh(mode text, later xid8, open "
        "xid8[], own xid8, places tid[], changes bigint[], direct text[]) "
        "RETURNS bigint[] LANGUAGE plpgsql AS "
        + literal(program_.function_body));
  }

  /// Puts into the sources' views what their tables gained and lost; in full,
  /// so that most of it cancels, for those that are read directly.
  std::string arguments() {
    std::vector<std::string> counts;
    std::vector<std::string> direct;
    std::vector<std::string> places;
    for (const auto& source : program_.sources) {
      const auto name
        = sql(fmt::format("SELECT {}::regclass", source.table))[0][0]
            .as<std::string>();
      const bool straight = pick(2) == 0;
      const auto except = [&](const std::string& from,
                              const std::string& without) {
        return straight
                 ? fmt::format("SELECT * FROM {}", from)
                 : fmt::format("(SELECT * FROM {} EXCEPT ALL SELECT * FROM {})",
                               from, without);
      };
      const auto old = "before_" + name;
      sql(
        fmt::format("DELETE FROM {0}; INSERT INTO {0} SELECT n.*, 1 FROM ({1}) "
                    "n UNION ALL SELECT o.*, -1 FROM ({2}) o",
                    source.view, except(name, old), except(old, name)));
      counts.push_back(fmt::format("(SELECT count(*) FROM {})", source.view));
      direct.emplace_back(straight ? "'true'" : "NULL");
      places.emplace_back("'(3,0)', '(4,0)', '(0,0)', '(0,0)'");
      sql(fmt::format("DELETE FROM {0}; INSERT INTO {0} SELECT * FROM {1}", old,
                      name));
    }
    return fmt::format("'9', '{{}}', '5', ARRAY[{}]::tid[], ARRAY[{}], "
                       "ARRAY[{}]::text[]",
                       joined(places), joined(counts), joined(direct));
  }

  void keeps(const plan_ptr& root) {
    const auto query = "SELECT * FROM " + current(*root) + " q";
    CAPTURE(query);
    for (const auto* table : {"a", "b"}) {
      sql(fmt::format("TRUNCATE {}", table));
      change(table);
    }
    install(root);
    (void)arguments();
    sql("SELECT refresh('FILL', NULL, NULL, NULL, NULL, NULL, NULL)");
    for (int round = 1; round <= 9; ++round) {
      CAPTURE(round);
      if (round % 3 != 0)
        change("a");
      if (round % 3 != 1)
        change("b");
      sql("SELECT refresh('DIFFERENTIAL', " + arguments() + ")");
      REQUIRE(difference("kept", query) == 0);
    }
    for (const auto& table : program_.staging)
      REQUIRE(sql("SELECT count(*) FROM " + table)[0][0].as<int>() == 0);
  }

  int pick(int below) {
    return std::uniform_int_distribution<int>{0, below - 1}(random_);
  }

  static std::vector<std::string> column_names(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i)
      names.push_back(column_name(i));
    return names;
  }

private:
  refresh_program program_;
  std::mt19937 random_{3};
};

/// Conditions with which PostgreSQL does a FULL JOIN, and the others.
const std::vector<std::string> equalities{
  "l.c1 = r.c1",
  "l.c1 = r.c1 AND l.c2 = r.c2",
  "l.c1 = r.c1 AND l.c2 > 0 AND r.c2 = 0",
  "l.c1 + 1 = r.c1 * 2",
  "true",
};
const std::vector<std::string> others{
  "l.c1 IS NOT DISTINCT FROM r.c1",
  "l.c1 < r.c2",
  "l.c1 = r.c1 OR l.c2 = r.c2",
  "(l.c1 = r.c1) IS NOT FALSE",
  "false",
  "NULL::boolean",
  "l.c1 > 1",
  "l.c2 IS NULL",
  "r.c1 > 2",
  "'l.c1' <> 'r.c1'",
};

/// Conditions and the columns that they demand to be equal.
const std::vector<std::pair<std::string, column_pairs>> known_equalities{
  {"l.c1 = r.c1", {{0, 0}}},
  {"l.c1 = r.c1 AND l.c2 = r.c2", {{0, 0}, {1, 1}}},
  {"l.c1 = r.c1 AND l.c2 = r.c1", {{0, 0}, {1, 0}}},
  {"l.c1 = r.c1 AND l.c2 <> r.c1", {{0, 0}}},
  {"l.c1 = r.c1 AND l.c2 <> r.c2", {{0, 0}}},
  {"l.c1 = r.c2 AND r.c1 > 1", {{0, 1}}},
};

std::vector<std::string> conditions() {
  auto all = equalities;
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

} // namespace

TEST_CASE_FIXTURE(two_bags, "left and right joins of bags follow both sides") {
  for (const auto& condition : conditions())
    for (const bool left : {false, true})
      keeps(join_of(
        outer_join{scan_of("a"), scan_of("b"), condition, left, !left}));
}

TEST_CASE_FIXTURE(two_bags, "full joins of bags follow both sides") {
  for (const auto& condition : equalities)
    keeps(
      join_of(outer_join{scan_of("a"), scan_of("b"), condition, true, true}));
}

TEST_CASE_FIXTURE(two_bags, "semi and anti joins of bags follow both sides") {
  for (const auto& condition : conditions())
    for (const bool anti : {false, true})
      keeps(join_of(semi_join{scan_of("a"), scan_of("b"), condition, anti}));
}

TEST_CASE_FIXTURE(two_bags, "joins that know which columns are equal follow "
                            "both sides") {
  for (const auto& [condition, equal] : known_equalities)
    for (const bool other : {false, true}) {
      const auto a = scan_of("a");
      const auto b = scan_of("b");
      keeps(join_of(semi_join{a, b, condition, other, equal}));
      keeps(join_of(outer_join{a, b, condition, other, !other, equal}));
    }
}

TEST_CASE_FIXTURE(two_bags, "semi and anti joins with one match at most follow "
                            "both sides") {
  const auto integer = scan_of("a")->columns.front();
  const auto values = std::make_shared<const plan>(
    plan{distinct{std::make_shared<const plan>(
           plan{project{scan_of("b"), {"i.c1"}}, {integer}})},
         {integer},
         {0}});
  const auto count = std::make_shared<const plan>(plan{
    aggregate{
      scan_of("b"), 0, {{.kind = aggregate_kind::count, .sql = "count(*)"}}},
    {{.type = "bigint", .eq = equality::exact}}});
  const auto total = std::make_shared<const plan>(
    plan{aggregate{
           scan_of("b"),
           0,
           {{.kind = aggregate_kind::sum, .sql = "sum(i.c1)", .argument = 0}}},
         {{.type = "bigint", .eq = equality::exact}}});
  for (const bool anti : {false, true}) {
    const auto a = scan_of("a");
    keeps(join_of(semi_join{a, values, "l.c1 = r.c1", anti, {{0, 0}}, true}));
    keeps(join_of(semi_join{
      a, values, "l.c1 = r.c1 AND l.c2 < r.c1", anti, {{0, 0}}, true}));
    keeps(join_of(semi_join{a, count, "l.c1 < r.c1", anti, {}, true}));
    keeps(join_of(semi_join{a, count, "r.c1 > 3", anti, {}, true}));
    // Null as long as there is nothing to add up.
    for (const auto& value : {count, total})
      keeps(
        join_of(semi_join{a, value, "l.c1 < r.c1", anti, {}, true, {{0, 0}}}));
  }
}

TEST_CASE_FIXTURE(two_bags, "joins of a bag with itself follow it") {
  const auto bag = scan_of("a");
  for (const auto& condition : conditions())
    keeps(join_of(semi_join{bag, bag, condition, true}));
  for (const auto& condition : equalities)
    keeps(join_of(outer_join{bag, bag, condition, true, true}));
}

TEST_CASE_FIXTURE(two_bags, "joins of joins follow both bags") {
  const auto a = scan_of("a");
  const auto b = scan_of("b");
  const auto pairs = join_of(outer_join{a, b, "l.c1 = r.c1", true, true});
  keeps(join_of(outer_join{pairs, a, "l.c3 = r.c2", true, false}));
  keeps(join_of(semi_join{pairs, b, "l.c3 = r.c1 OR l.c1 IS NULL", true}));
  keeps(join_of(semi_join{b, pairs, "l.c1 = r.c1 AND r.c4 IS NULL", false}));
  keeps(
    join_of(inner_join{join_of(semi_join{a, b, "l.c1 = r.c1", false}),
                       join_of(semi_join{b, a, "l.c1 = r.c1", true}), "true"}));
}

TEST_CASE_FIXTURE(two_bags, "sides without columns follow both bags") {
  const auto none = [&](const std::string& table) {
    return std::make_shared<const plan>(plan{project{scan_of(table), {}}, {}});
  };
  keeps(join_of(outer_join{none("a"), scan_of("b"), "true", true, true}));
  keeps(join_of(outer_join{scan_of("a"), none("b"), "l.c1 > 1", true, false}));
  keeps(join_of(semi_join{scan_of("a"), none("b"), "true", true}));
}
