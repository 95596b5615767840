#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

TEST_CASE("a filter keeps or drops a change and never alters its weight") {
  const auto emitted
    = emission_of(*node_of(filter{scan_of_orders(), "i.c2 > 10"}, 2));
  CHECK(emitted.lines == "\n");
  CHECK("\n" + emitted.relation + "\n" == R"(
(SELECT *
      FROM Δorders i
      WHERE i.c2 > 10)
)");
  CHECK(emitted.counts == std::vector<std::string>{"#orders"});
}

namespace {

const program_target target{stream_table_id{7}, "public.kept", {"a", "b"}};

std::string body_with(const filter& node) {
  program_builder program{target};
  (void)program.differentiate(*node_of(node, 2));
  return program.finish({}, {}, {}, {}).function_body;
}

} // namespace

TEST_CASE("a predicate that can't fail picks changes where they lie") {
  const auto body
    = body_with({scan_of_orders(), "i.c1 = ANY ('{1,2}')", 0.3, true});
  CHECK(body.find("source_7_1 i WHERE (i.c1 = ANY (''{1,2}'')) AND (__xid")
        != std::string::npos);
  CHECK(body.find("source_7_1 i WHERE (i.c1 = ANY (''{1,2}'')) AND ' || "
                  "direct[1]")
        != std::string::npos);
}

TEST_CASE("where it leaves few of them, these are staged in any case") {
  const auto body = body_with({scan_of_orders(), "i.c1 = 1", 0.01, true});
  CHECK(body.find("_stage_window") != std::string::npos);
  CHECK(body.find("direct[1]") == std::string::npos);
}

TEST_CASE("each predicate over a table picks its own changes") {
  program_builder program{target};
  const auto orders = scan_of_orders();
  const auto one
    = program.differentiate(*node_of(filter{orders, "i.c1 = 1", 0.3, true}, 2));
  const auto same
    = program.differentiate(*node_of(filter{orders, "i.c1 = 1", 0.3, true}, 2));
  const auto other
    = program.differentiate(*node_of(filter{orders, "i.c1 = 2", 0.3, true}, 2));
  const auto all = program.differentiate(*orders);
  CHECK(one.relation == same.relation);
  CHECK(one.relation != other.relation);
  CHECK(one.relation != all.relation);
  CHECK(program.finish({}, {}, {}, {}).sources.size() == 1);
}
