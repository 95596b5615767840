#include "services/calls/planner_calls.hpp"

#include "services/calls/call_handlers.hpp"

#include <chrono>

namespace pgtrickle {

namespace {

using std::chrono::seconds;

/// A caller does not wait longer for plans that are not made yet: the next one
/// finds them.
constexpr std::chrono::milliseconds patience{1200};
constexpr std::size_t some_plans = 50;

struct context : call_context {
  const plans::planning_options& options;
};

call_effect answer_of(std::string json) { return {std::move(json)}; }

result<call_effect> recommend(context& c) {
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return plans::recommend(c.db, c.by, name, c.options, c.fence);
    })
    .map(answer_of);
}

result<call_effect> recommend_all(context& c) {
  const auto until = std::chrono::steady_clock::now() + patience;
  call_effect effect;
  for (bool has_more = true;
       has_more && std::chrono::steady_clock::now() < until;) {
    const auto pass
      = plans::bring_up_to_date(c.db, c.options, true, some_plans, c.fence);
    if (!pass)
      return tl::unexpected(pass.error());
    has_more = pass->has_more;
    effect.catalog_changed |= !pass->changed.empty();
  }
  return effect;
}

result<call_effect> forecast(context& c) {
  const seconds horizon{c.arguments.number("horizon")};
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return plans::forecast_of(c.db, c.by, name, horizon, c.options, c.fence);
    })
    .map(answer_of);
}

result<call_effect> windows(context& c) {
  const seconds duration{c.arguments.number("duration")};
  const seconds horizon{c.arguments.number("horizon")};
  return c.arguments.checked(c.arguments.optional_text("name"))
    .and_then([&](const std::optional<std::string>& name) {
      return plans::windows_of(c.db, c.by, name, duration, horizon, c.options,
                               c.fence);
    })
    .map(answer_of);
}

result<call_effect> backtest(context& c) {
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return plans::backtest_of(c.db, c.by, name, c.options);
    })
    .map(answer_of);
}

const call_handlers_for<context>& handlers() {
  static const call_handlers_for<context> by_method{
    {"forecast", forecast},
    {"maintenance_windows", windows},
    {"planner_backtest", backtest},
    {"recommend_schedule", recommend},
    {"schedule_recommendations", recommend_all},
  };
  return by_method;
}

} // namespace

result<call_effect>
carry_out_planner_call(postgres::session& db, const caller& by,
                       const std::string& method, const std::string& arguments,
                       ownership fence,
                       const plans::planning_options& options) {
  context c{{db, by, call_arguments{arguments}, fence}, options};
  return dispatch(handlers(), c, method);
}

std::vector<std::string> planner_methods() { return methods_of(handlers()); }

} // namespace pgtrickle
