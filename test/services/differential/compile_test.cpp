#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

program_target target_of(std::vector<std::string> columns) {
  return {stream_table_id{7}, "public.kept", std::move(columns)};
}

bool has(const refresh_program& program, const std::string& text) {
  return program.function_body.find(text) != std::string::npos;
}

/// Whether `parts` follow each other in the program.
bool in_order(const refresh_program& program,
              const std::vector<std::string>& parts) {
  std::size_t at = 0;
  for (const auto& part : parts) {
    at = program.function_body.find(part, at);
    if (at == std::string::npos)
      return false;
    at += part.size();
  }
  return true;
}

} // namespace

TEST_CASE("a program checks, fills, recomputes or follows changes") {
  const auto program = compile(*scan_of_customers(), target_of({"id"}));
  CHECK(
    in_order(program, {"IF mode = 'CHECK' THEN", "EXPLAIN SELECT * FROM ",
                       "ELSIF mode = 'FILL' THEN", "ELSIF mode = 'FULL' THEN",
                       "ELSE", "RETURN ARRAY[inserted, deleted];"}));
}

TEST_CASE("a stream table is filled with the rows of its query") {
  CHECK(has(compile(*scan_of_customers(), target_of({"Id"})),
            R"(INSERT INTO public.kept ("Id") )"
            R"(SELECT * FROM (SELECT "id" AS c1 FROM public.customers) q)"));
}

TEST_CASE("rows with a key are merged by it, which makes a change an UPDATE") {
  const auto program = compile(*scan_of_customers(), target_of({"id"}));
  CHECK(program.indexes
        == std::vector<std::string>{"CREATE UNIQUE INDEX IF NOT EXISTS "
                                    R"(pgt_7_rows ON public.kept ("id"))"});
  CHECK(has(program, "MERGE INTO public.kept s USING (SELECT DISTINCT ON "
                     "(c.c1) * FROM "));
  CHECK(has(program, R"(ON s."id" = d.c1 )"
                     "WHEN MATCHED AND d.__weight > 0 THEN UPDATE SET "
                     R"("id" = d.c1 )"
                     "WHEN MATCHED THEN DELETE "
                     "WHEN NOT MATCHED AND d.__weight > 0 THEN INSERT "
                     R"(("id") VALUES (d.c1))"));
}

TEST_CASE(
  "of rows without a key exactly as many copies go as the weight says") {
  const auto program
    = compile(*scan_of_orders(), target_of({"customer", "amount"}));
  CHECK_FALSE(has(program, "MERGE INTO public.kept"));
  CHECK(has(program, "row_number() OVER (PARTITION BY d.__id) AS copy, "
                     "-d.__weight AS copies"));
  CHECK(has(program, "WHERE x.copy <= x.copies) gone "
                     "WHERE s.ctid = gone.id"));
  CHECK(has(program, "generate_series(1, d.__weight) WHERE d.__weight > 0"));
}

TEST_CASE("a row that has to go and is not there is an error") {
  const auto program
    = compile(*scan_of_orders(), target_of({"customer", "amount"}));
  CHECK(
    in_order(program, {"missing := pgtrickle._number(", "IF missing > 0 THEN",
                       "n := pgtrickle._run('DELETE FROM public.kept ",
                       "IF n <> missing THEN",
                       "RAISE EXCEPTION USING ERRCODE = "
                       "'data_corrupted'"}));
}

TEST_CASE("nothing is written when nothing has changed") {
  const auto program = compile(*scan_of_customers(), target_of({"id"}));
  CHECK(in_order(program, {"ELSE\n", "IF n", " > 0 THEN",
                           "pgtrickle._stage('pgt_7_1_root'", "IF n",
                           " > 0 THEN", "MERGE INTO public.kept"}));
}

TEST_CASE("a full refresh writes only the rows that differ") {
  CHECK(has(compile(*scan_of_customers(), target_of({"id"})),
            R"((SELECT q.*, 1 AS __weight FROM (SELECT "id" AS c1 )"
            R"(FROM public.customers) q UNION ALL )"
            R"(SELECT s."id" AS c1, -1 FROM public.kept s))"));
}

TEST_CASE("a full refresh fills the arrangements anew") {
  const auto program
    = compile(*node_of(distinct{scan_of_customers()}, 1), target_of({"id"}));
  REQUIRE(program.state.size() == 1);
  CHECK(in_order(program,
                 {"ELSIF mode = 'FULL' THEN", "TRUNCATE " + program.state[0],
                  "INSERT INTO " + program.state[0] + " SELECT", "ELSE\n"}));
}

TEST_CASE("a stream table is filled from the arrangements that its changes "
          "start from") {
  const auto program
    = compile(*node_of(top_rows{scan_of_customers(), {"i.c1"}, 10, 0}, 1),
              target_of({"id"}));
  REQUIRE(program.state.size() == 2);
  const auto slice = "(SELECT * FROM " + program.state[1] + " s)";
  CHECK(in_order(program,
                 {"ELSIF mode = 'FILL' THEN", "INSERT INTO " + program.state[0],
                  "INSERT INTO " + program.state[1],
                  "INSERT INTO public.kept (\"id\") SELECT * FROM " + slice,
                  "ELSIF mode = 'FULL' THEN", "INSERT INTO " + program.state[1],
                  "SELECT q.*, 1 AS __weight FROM " + slice}));
}

TEST_CASE("an opaque query is compared with the stream table itself") {
  const auto program = compile(
    *node_of(opaque{"SELECT 1", {100}, "no FROM"}, 1), target_of({"n"}));
  CHECK(program.state.empty());
  REQUIRE(program.sources.size() == 1);
  CHECK(program.sources[0].table == 100);
  CHECK(program.sources[0].columns.empty());
}
