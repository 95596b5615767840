// What a group remembers of a call, and how its value follows from that.

#include "services/differential/aggregate_state.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

const column whole{.type = "integer", .eq = equality::exact, .not_null = true};
const column number{.type = "numeric", .eq = equality::loose};
const column truth{.type = "boolean", .eq = equality::exact};

aggregate_call call_of(aggregate_kind kind) {
  aggregate_call call;
  call.kind = kind;
  call.argument = 0;
  return call;
}

aggregate_state state_of(const aggregate_call& call, const column& argument) {
  return {call, 0, argument, {argument, truth}};
}

std::vector<std::string> changes_of(const aggregate_state& state) {
  std::vector<std::string> changes;
  for (const auto& part : state.states())
    changes.push_back(part.column.name + " = " + part.change);
  return changes;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("count(*) remembers the number of rows") {
  aggregate_call call;
  call.kind = aggregate_kind::count;
  const auto state = state_of(call, whole);
  CHECK(changes_of(state)
        == texts{"s1_n = coalesce(sum(i.__weight), 0)::bigint"});
  CHECK(state.new_value() == "x.s1_n");
  CHECK(state.needs_rows() == "false");
}

TEST_CASE("where nothing went, counts and sums are PostgreSQL's own") {
  auto call = call_of(aggregate_kind::variance);
  call.condition = 1;
  std::vector<std::string> initial;
  const auto state = state_of(call, number);
  for (const auto& part : state.states())
    initial.push_back(part.initial);
  CHECK(initial
        == texts{"count(*) FILTER (WHERE i.c2 AND i.c1 IS NOT NULL)",
                 "coalesce(sum(i.c1::numeric) FILTER (WHERE i.c2), 0)",
                 "coalesce(sum((i.c1::numeric * i.c1::numeric)) FILTER (WHERE "
                 "i.c2), 0)"});
}

TEST_CASE("a count of a column leaves out its nulls") {
  CHECK(changes_of(state_of(call_of(aggregate_kind::count), number))
        == texts{"s1_n = coalesce(sum(i.__weight) "
                 "FILTER (WHERE i.c1 IS NOT NULL), 0)::bigint"});
  CHECK(changes_of(state_of(call_of(aggregate_kind::count), whole))
        == texts{"s1_n = coalesce(sum(i.__weight), 0)::bigint"});
}

TEST_CASE("a FILTER condition holds for what the call remembers") {
  auto call = call_of(aggregate_kind::count);
  call.condition = 1;
  CHECK(changes_of(state_of(call, number))
        == texts{"s1_n = coalesce(sum(i.__weight) "
                 "FILTER (WHERE i.c2 AND i.c1 IS NOT NULL), 0)::bigint"});
}

TEST_CASE("a sum is null when no value is left") {
  const auto state = state_of(call_of(aggregate_kind::sum), whole);
  CHECK(changes_of(state)
        == texts{"s1_n = coalesce(sum(i.__weight), 0)::bigint",
                 "s1_sum = coalesce(sum(CASE i.__weight "
                 "WHEN 1 THEN i.c1::numeric WHEN -1 THEN -i.c1::numeric "
                 "ELSE i.__weight * i.c1::numeric END), 0)"});
  CHECK(state.new_value() == "CASE WHEN x.s1_n > 0 THEN x.s1_sum::integer END");
  CHECK(state.needs_rows() == "false");
}

TEST_CASE("a sum that may be NaN or infinite is read again once it is") {
  CHECK(state_of(call_of(aggregate_kind::sum), number).needs_rows()
        == "x.s1_sum IN ('NaN', 'Infinity', '-Infinity')");
}

TEST_CASE("an average is the sum by the number of values") {
  CHECK(state_of(call_of(aggregate_kind::average), number).new_value()
        == "CASE WHEN x.s1_n > 0 THEN x.s1_sum / x.s1_n END");
}

TEST_CASE("a variance follows from the sum and the sum of squares") {
  const auto population = state_of(call_of(aggregate_kind::variance), whole);
  CHECK(population.states().size() == 3);
  CHECK(population.new_value()
        == "CASE WHEN x.s1_n <= 0 THEN NULL "
           "WHEN (x.s1_n * x.s1_squares - x.s1_sum * x.s1_sum) <= 0 THEN 0 "
           "ELSE (x.s1_n * x.s1_squares - x.s1_sum * x.s1_sum) "
           "/ (x.s1_n::numeric * x.s1_n) END");
  auto call = call_of(aggregate_kind::variance);
  call.sample = true;
  CHECK(state_of(call, whole).new_value()
        == "CASE WHEN x.s1_n <= 1 THEN NULL "
           "WHEN (x.s1_n * x.s1_squares - x.s1_sum * x.s1_sum) <= 0 THEN 0 "
           "ELSE (x.s1_n * x.s1_squares - x.s1_sum * x.s1_sum) "
           "/ (x.s1_n::numeric * (x.s1_n - 1)) END");
}

TEST_CASE("bool_and is false as long as one value is, and bool_or true") {
  CHECK(state_of(call_of(aggregate_kind::boolean_and), truth).new_value()
        == "CASE WHEN x.s1_f > 0 THEN false WHEN x.s1_t > 0 THEN true END");
  CHECK(state_of(call_of(aggregate_kind::boolean_or), truth).new_value()
        == "CASE WHEN x.s1_t > 0 THEN true WHEN x.s1_f > 0 THEN false END");
}

TEST_CASE("an extreme needs the rows when it went and none as good came") {
  const auto most = state_of(call_of(aggregate_kind::maximum), whole);
  CHECK(most.is_extreme());
  CHECK(most.states().empty());
  CHECK(most.came_change() == "max(i.c1) FILTER (WHERE i.__weight > 0)");
  CHECK(most.went_change() == "max(i.c1) FILTER (WHERE i.__weight < 0)");
  CHECK(most.new_value() == "greatest(x.o1, x.s1_came)");
  CHECK(most.needs_rows()
        == "coalesce(x.s1_went >= x.o1 "
           "AND NOT coalesce(x.s1_came >= x.o1, false), false)");
}

TEST_CASE("a call that only the rows tell always needs them") {
  const auto state = state_of(call_of(aggregate_kind::recomputed), number);
  CHECK(state.states().empty());
  CHECK(state.new_value() == "NULL");
  CHECK(state.needs_rows() == "true");
}
