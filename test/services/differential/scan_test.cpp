#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

const program_target target{stream_table_id{7}, "public.kept", {"id"}};

} // namespace

TEST_CASE("the delta of a table is what its change buffer holds") {
  const auto emitted = emission_of(*scan_of_orders());
  CHECK(emitted.relation == "Δorders");
  CHECK(emitted.counts == std::vector<std::string>{"#orders"});
}

TEST_CASE("a table that is read twice has its changes read once") {
  program_builder program{target};
  const auto once = program.differentiate(*scan_of_orders());
  const auto again = program.differentiate(*scan_of_orders());
  CHECK(again.relation == once.relation);
  CHECK(again.counts == once.counts);
  CHECK(program.finish({}, {}, {}, {}).sources.size() == 1);
}

TEST_CASE("a source tells which columns of the table it takes") {
  program_builder program{target};
  (void)program.differentiate(*scan_of_orders());
  const auto finished = program.finish({}, {}, {}, {});
  const auto& source = finished.sources.at(0);
  CHECK(source.table == 100);
  CHECK(source.attnums == std::vector<std::int16_t>{2, 4});
  CHECK(source.columns == scan_of_orders()->columns);
}

TEST_CASE("changes of a table are consolidated, copied, or read where they "
          "lie") {
  program_builder program{target};
  (void)program.differentiate(*scan_of_customers());
  CHECK(program.finish({}, {}, {}, {}).function_body.find(R"(
    kept := true;
    IF changes[1] > 0 THEN
      IF direct[1] <> '' THEN
        t1 := '(SELECT c1, __weight FROM pgtrickle_state.source_7_1 i WHERE ' || direct[1] || ')';
        n1 := changes[1];
        kept := false;
      ELSE
        n1 := pgtrickle._stage_window('pgt_7_1_source', CASE WHEN direct[1] IS NULL THEN 'SELECT d.c1::integer AS c1, d.__weight::bigint AS __weight FROM (SELECT i.c1, sum(i.__weight)::bigint AS __weight FROM (SELECT c1, __weight FROM pgtrickle_state.source_7_1 i WHERE (__xid >= $1 OR __xid = ANY ($2)) AND __xid IS DISTINCT FROM $3 AND (__part = 0 AND __at >= ($4)[1] AND __at < ($4)[2] OR __part = 1 AND __at >= ($4)[3] AND __at < ($4)[4])) i GROUP BY i.c1 HAVING sum(i.__weight) <> 0) d(c1, __weight)' ELSE 'SELECT d.c1::integer AS c1, d.__weight::bigint AS __weight FROM (SELECT c1, __weight FROM pgtrickle_state.source_7_1 i WHERE (__xid >= $1 OR __xid = ANY ($2)) AND __xid IS DISTINCT FROM $3 AND (__part = 0 AND __at >= ($4)[1] AND __at < ($4)[2] OR __part = 1 AND __at >= ($4)[3] AND __at < ($4)[4])) d(c1, __weight)' END, later, open, own, places[1:4]);
        t1 := 'pgt_7_1_source';
      END IF;
    END IF;
)") != std::string::npos);
}

TEST_CASE("changes of a statement lie where its triggers put them") {
  const program_target immediate{
    stream_table_id{7}, "public.kept", {"id"}, true};
  program_builder program{immediate};
  (void)program.differentiate(*scan_of_customers());
  const auto finished = program.finish({}, {}, {}, {});
  CHECK(finished.immediate);
  CHECK(finished.staging
        == std::vector<std::string>{"pgtrickle_state.source_7_1"});
  CHECK(finished.create_staging.at(0)
        == "CREATE UNLOGGED TABLE pgtrickle_state.source_7_1 (c1 integer, "
           "__weight bigint)");
  CHECK(finished.function_body.find(R"(
    IF changes[1] > 0 THEN
      IF changes[1] = 1 OR changes[1] > 1000 THEN
        n1 := changes[1];
        t1 := '(SELECT * FROM pgtrickle_state.source_7_1 LIMIT ' || power(2, ceil(log(2, n1)))::bigint || ')';
      ELSE
        n1 := pgtrickle._stage('pgt_7_1_source', 'SELECT d.c1::integer AS c1, d.__weight::bigint AS __weight FROM (SELECT i.c1, sum(i.__weight)::bigint AS __weight FROM pgtrickle_state.source_7_1 i GROUP BY i.c1 HAVING sum(i.__weight) <> 0) d(c1, __weight)', kept);
        t1 := 'pgt_7_1_source';
      END IF;
    END IF;
)") != std::string::npos);
}

TEST_CASE("a program in a writer's transaction leaves his deferred triggers "
          "alone") {
  const program_target immediate{
    stream_table_id{7}, "public.kept", {"id"}, true};
  const auto body = [](const program_target& of) {
    return program_builder{of}.finish({}, {}, {}, {}).function_body;
  };
  CHECK(body(target).find("SET CONSTRAINTS") != std::string::npos);
  CHECK(body(immediate).find("SET CONSTRAINTS") == std::string::npos);
}
