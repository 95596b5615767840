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

TEST_CASE("changes of a table are consolidated, or read where they lie") {
  program_builder program{target};
  (void)program.differentiate(*scan_of_customers());
  CHECK(program.finish({}, {}, {}, {}).function_body.find(R"(
    IF changes[1] > 0 THEN
      t2 := windows[1];
      IF direct[1] THEN
        t1 := '(SELECT c1, __weight FROM pgtrickle_state.source_7_200 WHERE ' || t2 || ')';
        n1 := changes[1];
      ELSE
        EXECUTE 'INSERT INTO pg_temp.pgt_7_1_source SELECT * FROM (SELECT i.c1, sum(i.__weight)::bigint AS __weight FROM (SELECT c1, __weight FROM pgtrickle_state.source_7_200 WHERE ' || t2 || ') i GROUP BY i.c1 HAVING sum(i.__weight) <> 0) d';
        GET DIAGNOSTICS n = ROW_COUNT;
        n1 := n1 + n;
      END IF;
    END IF;
)") != std::string::npos);
}
