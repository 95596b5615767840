// The pages of docs/operators show what programs run: each piece of SQL under
// "Emitted SQL", up to a line "…", is in the program of the page's plan.

#include "emission.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <regex>

using namespace pgtrickle;

namespace {

std::string one_line(const std::string& text) {
  return std::regex_replace(std::regex_replace(text, std::regex{R"(\s+)"}, " "),
                            std::regex{R"(^ | $)"}, "");
}

std::vector<std::string> shown_on(const std::string& page) {
  std::ifstream file{OPERATOR_PAGES + page + ".md"};
  REQUIRE_MESSAGE(file, "no page " << page);
  std::vector<std::string> pieces;
  bool emitted = false;
  bool sql = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## "))
      emitted = line == "## Emitted SQL";
    else if (line.starts_with("```"))
      sql = line == "```sql";
    if (!emitted || !sql)
      continue;
    if (line == "```sql" || line == "…")
      pieces.emplace_back();
    else
      pieces.back() += line + "\n";
  }
  return pieces;
}

plan_ptr customers_of_orders() {
  return node_of(project{scan_of_orders(), {"i.c1"}}, 1);
}

plan_ptr total_by_customer() {
  aggregate_call call;
  call.kind = aggregate_kind::sum;
  call.sql = "sum(i.c2)";
  call.argument = 1;
  return node_of(aggregate{scan_of_orders(), 1, {call}}, 2);
}

plan_ptr totals_with_sum() {
  return node_of(
    opaque{"SELECT customer AS c1, sum(amount) AS c2 FROM public.orders GROUP "
           "BY ROLLUP (customer)",
           {100},
           ""},
    2);
}

void is_shown(const std::string& page, const std::string& program) {
  CAPTURE(page);
  const auto pieces = shown_on(page);
  CHECK_FALSE(pieces.empty());
  for (const auto& piece : pieces)
    CHECK_MESSAGE(one_line(program).find(one_line(piece)) != std::string::npos,
                  piece << "is not in" << program);
}

void is_shown(const std::string& page, const plan_ptr& root) {
  const auto emitted = emission_of(*root);
  is_shown(page, emitted.lines + " " + emitted.relation);
}

} // namespace

TEST_CASE("the page of each operator shows what its programs run") {
  const auto orders = scan_of_orders();
  const auto customers = scan_of_customers();
  is_shown("filter", node_of(filter{orders, "i.c2 > 10"}, 2));
  is_shown("project", node_of(project{orders, {"i.c1", "i.c2 * 2"}}, 2));
  is_shown("union_all",
           node_of(union_all{{customers, customers_of_orders()}}, 1));
  is_shown("inner_join",
           node_of(inner_join{orders, customers, "l.c1 = r.c1"}, 3));
  is_shown(
    "outer_join",
    node_of(outer_join{customers, orders, "l.c1 = r.c1", true, false, {{0, 0}}},
            3));
  is_shown(
    "semi_join",
    node_of(semi_join{customers, orders, "l.c1 = r.c1", false, {{0, 0}}}, 1));
  is_shown("aggregate", total_by_customer());
  is_shown("distinct", node_of(distinct{customers}, 1));
  is_shown("opaque", totals_with_sum());
}

TEST_CASE("the page of the scan shows what a program does with its sources") {
  const program_target target{stream_table_id{7}, "public.kept", {"id"}};
  program_builder program{target};
  (void)program.differentiate(*scan_of_customers());
  is_shown("scan", program.finish({}, {}, {}, {}).function_body);
}
