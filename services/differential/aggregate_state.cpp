#include "services/differential/aggregate_state.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// `value` times the row's weight, which mostly is 1 or -1: a numeric is
/// negated in a fraction of the time that it takes to multiply it.
std::string weighted(std::string_view value) {
  return fmt::format("CASE i.__weight WHEN 1 THEN {0} WHEN -1 THEN -{0} "
                     "ELSE i.__weight * {0} END",
                     value);
}

} // namespace

aggregate_state::aggregate_state(const aggregate_call& call, std::size_t index,
                                 const column& value,
                                 const std::vector<column>& inputs)
  : call_(call), index_(index), type_(value),
    value_(definition(fmt::format("v{}", index + 1), value)) {
  const auto x
    = call.argument < 0
        ? std::string{}
        : "i." + column_name(static_cast<std::size_t>(call.argument));
  const bool nullable
    = call.argument >= 0
      && !inputs[static_cast<std::size_t>(call.argument)].not_null;
  const auto not_null = nullable ? x + " IS NOT NULL" : std::string{};
  switch (call.kind) {
    case aggregate_kind::count:
      remember_count("n", not_null, partial_state::meaning::count);
      break;
    case aggregate_kind::boolean_and:
    case aggregate_kind::boolean_or:
      remember_count("t", x);
      remember_count("f", "NOT " + x);
      break;
    case aggregate_kind::sum:
    case aggregate_kind::average:
    case aggregate_kind::variance: {
      may_be_odd_
        = is_numeric(inputs[static_cast<std::size_t>(call.argument)].type);
      remember_count("n", not_null, partial_state::meaning::count);
      // sum() passes over nulls by itself.
      remember_sum("sum", x + "::numeric", partial_state::meaning::sum);
      if (call.kind == aggregate_kind::variance)
        remember_sum("squares",
                     fmt::format("({0}::numeric * {0}::numeric)", x));
      break;
    }
    case aggregate_kind::minimum:
    case aggregate_kind::maximum:
    case aggregate_kind::recomputed:
      break;
  }
}

void aggregate_state::remember_count(std::string_view name,
                                     std::string_view when,
                                     partial_state::meaning is) {
  states_.push_back(
    {{state(name), "bigint"},
     fmt::format("coalesce(sum(i.__weight){}, 0)::bigint", filter(when)),
     "count(*)" + filter(when),
     is});
}

void aggregate_state::remember_sum(std::string_view name,
                                   std::string_view value,
                                   partial_state::meaning is) {
  const auto total = [&](std::string_view what) {
    return fmt::format("coalesce(sum({}){}, 0)", what, filter(""));
  };
  states_.push_back(
    {{state(name), "numeric"}, total(weighted(value)), total(value), is});
}

std::string aggregate_state::state(std::string_view name) const {
  return fmt::format("s{}_{}", index_ + 1, name);
}

std::string aggregate_state::old_value() const {
  return fmt::format("o{}", index_ + 1);
}

/// FILTER of the call and `more`, as one condition.
std::string aggregate_state::condition(std::string_view more) const {
  if (call_.condition < 0)
    return std::string{more};
  const auto filter
    = "i." + column_name(static_cast<std::size_t>(call_.condition));
  return more.empty() ? filter : fmt::format("{} AND {}", filter, more);
}

std::string aggregate_state::filter(std::string_view more) const {
  const auto guard = condition(more);
  return guard.empty() ? "" : " FILTER (WHERE " + guard + ")";
}

bool aggregate_state::is_extreme() const {
  return call_.kind == aggregate_kind::minimum
         || call_.kind == aggregate_kind::maximum;
}

std::string aggregate_state::came() const { return state("came"); }
std::string aggregate_state::went() const { return state("went"); }

std::string aggregate_state::came_change() const {
  return fmt::format("{}(i.{}) FILTER (WHERE {})",
                     call_.kind == aggregate_kind::minimum ? "min" : "max",
                     column_name(static_cast<std::size_t>(call_.argument)),
                     condition("i.__weight > 0"));
}

std::string aggregate_state::went_change() const {
  return fmt::format("{}(i.{}) FILTER (WHERE {})",
                     call_.kind == aggregate_kind::minimum ? "min" : "max",
                     column_name(static_cast<std::size_t>(call_.argument)),
                     condition("i.__weight < 0"));
}

// The formula, its scale and its rounding are those of PostgreSQL's
// numeric_stddev_internal (utils/adt/numeric.c), so the digits agree.
std::string aggregate_state::variance() const {
  const auto n = "x." + state("n");
  const auto spread = fmt::format("({0} * x.{1} - x.{2} * x.{2})", n,
                                  state("squares"), state("sum"));
  const auto quotient = fmt::format("{} / ({}::numeric * {})", spread, n,
                                    call_.sample ? "(" + n + " - 1)" : n);
  const auto value = call_.square_root
                       ? fmt::format("round(sqrt(round({0}, scale({0}) + 20)), "
                                     "scale({0}))",
                                     quotient)
                       : quotient;
  return fmt::format(
    "CASE WHEN {} <= {} THEN NULL WHEN {} <= 0 THEN 0 ELSE {} END", n,
    call_.sample ? 1 : 0, spread, value);
}

std::string aggregate_state::new_value() const {
  const auto n = "x." + state("n");
  switch (call_.kind) {
    case aggregate_kind::count:
      return n;
    case aggregate_kind::sum:
      return fmt::format("CASE WHEN {} > 0 THEN x.{}::{} END", n, state("sum"),
                         type_.type);
    case aggregate_kind::average:
      return fmt::format("CASE WHEN {0} > 0 THEN x.{1} / {0} END", n,
                         state("sum"));
    case aggregate_kind::variance:
      return variance();
    case aggregate_kind::boolean_and:
      return fmt::format(
        "CASE WHEN x.{} > 0 THEN false WHEN x.{} > 0 THEN true END", state("f"),
        state("t"));
    case aggregate_kind::boolean_or:
      return fmt::format(
        "CASE WHEN x.{} > 0 THEN true WHEN x.{} > 0 THEN false END", state("t"),
        state("f"));
    case aggregate_kind::minimum:
      return fmt::format("least(x.{}, x.{})", old_value(), came());
    case aggregate_kind::maximum:
      return fmt::format("greatest(x.{}, x.{})", old_value(), came());
    case aggregate_kind::recomputed:
      break;
  }
  return "NULL";
}

std::string aggregate_state::needs_rows() const {
  const auto* beats = call_.kind == aggregate_kind::minimum ? "<=" : ">=";
  if (is_extreme())
    return fmt::format(
      "coalesce(x.{0} {1} x.{2} AND NOT coalesce(x.{3} {1} x.{2}, "
      "false), false)",
      went(), beats, old_value(), came());
  if (call_.kind == aggregate_kind::recomputed)
    return "true";
  return may_be_odd_ ? fmt::format("x.{} IN ('NaN', 'Infinity', '-Infinity')",
                                   state("sum"))
                     : "false";
}

} // namespace pgtrickle
