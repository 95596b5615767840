#include "services/differential/program_builder.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

const program_target target{stream_table_id{7}, "public.kept", {"a"}};

const column whole{.type = "integer", .eq = equality::exact};
const column number{.type = "numeric", .eq = equality::loose};
const column price{.type = "numeric(10,2)", .eq = equality::loose};
const column span{.type = "interval", .eq = equality::loose};
const column document{.type = "json"};

} // namespace

TEST_CASE("alike rows are added up and those that cancel are left out") {
  CHECK(consolidated("d", {whole, whole})
        == "(SELECT i.c1, i.c2, sum(i.__weight)::bigint AS __weight "
           "FROM d i GROUP BY i.c1, i.c2 HAVING sum(i.__weight) <> 0)");
}

TEST_CASE("equal values that look different are not alike") {
  CHECK(consolidated("d", {number}).find("GROUP BY i.c1, scale(i.c1) HAVING")
        != std::string::npos);
  CHECK(consolidated("d", {span}).find("GROUP BY i.c1, i.c1::text HAVING")
        != std::string::npos);
}

TEST_CASE("a numeric column with a scale has one look for each value") {
  CHECK(consolidated("d", {price}).find("GROUP BY i.c1 HAVING")
        != std::string::npos);
}

TEST_CASE("values without equality are told apart by their text") {
  CHECK(consolidated("d", {document})
        == "(SELECT (i.c1::text)::json AS c1, "
           "sum(i.__weight)::bigint AS __weight "
           "FROM d i GROUP BY i.c1::text HAVING sum(i.__weight) <> 0)");
}

TEST_CASE("rows without columns are counted as one group") {
  CHECK(consolidated("d", {})
        == "(SELECT sum(i.__weight)::bigint AS __weight "
           "FROM d i HAVING sum(i.__weight) <> 0)");
}

TEST_CASE("a value is compared by its text where its equality is not exact") {
  CHECK(exact("s.a", whole) == "s.a");
  CHECK(exact("s.a", number) == "s.a::text");
  CHECK(exact("s.a", document) == "s.a::text");
}

TEST_CASE("a difference takes back what a table holds") {
  CHECK(difference("(SELECT 1)", "kept", {"a", "b"})
        == "(SELECT q.*, 1 AS __weight FROM (SELECT 1) q UNION ALL "
           "SELECT s.a AS c1, s.b AS c2, -1 FROM kept s)");
}

TEST_CASE("a delta without rows has the columns of one with rows") {
  CHECK(no_rows(delta_definitions({whole, document}))
        == "(SELECT NULL::integer AS c1, NULL::json AS c2, "
           "NULL::bigint AS __weight WHERE false)");
}

TEST_CASE("a column keeps its collation") {
  const auto column = definition("v1", {.type = "text", .collation = R"("C")"});
  CHECK(column.type == R"(text COLLATE "C")");
}

TEST_CASE("a statement is quoted and its row count can be kept") {
  program_builder program{target};
  const auto count = program.add_count();
  program.begin_if("true");
  program.run("SELECT 'it''s'", count);
  program.end_if();
  CHECK("\n" + program.take_lines() == R"(
  IF true THEN
    n := pgtrickle._run('SELECT ''it''''s''', kept);
    n1 := n1 + n;
  END IF;
)");
}

TEST_CASE("SQL that is known only at run time stands in a statement by its "
          "mark") {
  program_builder program{target};
  const auto rows = program.add_text();
  CHECK(program.text_of("SELECT * FROM " + rows.mark + " d")
        == "'SELECT * FROM ' || " + rows.name + " || ' d'");
}

TEST_CASE("a user's text is never taken for a mark") {
  const program_builder program{target};
  for (char c = 1; c < ' '; ++c) {
    const auto constant = std::string{c} + "t1" + c;
    CHECK(program.text_of("SELECT '" + constant + "'")
          == "'SELECT ''" + constant + "'''");
  }
}

TEST_CASE("rows are staged with the types of their columns") {
  program_builder program{target};
  const auto rows = program.add_staged("delta", delta_definitions({price}));
  program.stage(rows, "(SELECT 1, 2)");
  CHECK("\n" + program.take_lines() == R"(
  n1 := pgtrickle._stage('pgt_7_1_delta', 'SELECT d.c1::numeric(10,2) AS c1, d.__weight::bigint AS __weight FROM (SELECT 1, 2) d(c1, __weight)', kept);
  t1 := 'pgt_7_1_delta';
)");
  CHECK(program.text_of("SELECT FROM " + rows.relation)
        == "'SELECT FROM ' || t1 || ''");
}

TEST_CASE("what is not staged has no rows") {
  program_builder program{target};
  (void)program.add_staged("delta", definitions({whole}));
  CHECK(program.finish({}, {}, {}, {})
          .function_body.find(
            "t1 text := '(SELECT NULL::integer AS c1 WHERE false)';")
        != std::string::npos);
}

TEST_CASE("arrangements and tables have names of their own") {
  program_builder program{target};
  const auto first = program.add_table("wave", definitions({whole}));
  const auto second = program.add_state("groups", definitions({whole}));
  CHECK(first == "pg_temp.pgt_7_1_wave");
  CHECK(second == "pgtrickle_state.groups_7_2");
  const auto finished = program.finish({}, {}, {}, {});
  CHECK(
    finished.create_staging
    == std::vector<std::string>{"CREATE TEMP TABLE pgt_7_1_wave (c1 integer)"});
  CHECK(finished.create_state
        == std::vector<std::string>{
          "CREATE TABLE pgtrickle_state.groups_7_2 (c1 integer) "
          "WITH (fillfactor = 80)"});
}

TEST_CASE("a table is emptied after a refresh that filled it") {
  program_builder program{target};
  program.clear_after("pg_temp.x", "n1");
  CHECK(program.finish({}, {}, {}, {}).function_body.find(R"(
  IF n1 > 0 THEN
    IF pg_relation_size('pg_temp.x') > 262144 THEN TRUNCATE pg_temp.x;
    ELSE DELETE FROM pg_temp.x; END IF;
  END IF;
)") != std::string::npos);
}
