#include "services/plans/report.hpp"

#include <nlohmann/json.hpp>

namespace pgtrickle::plans {

using nlohmann::json;

namespace {

json row(const char* metric, json value, const char* meaning) {
  return {
    {"metric", metric}, {"value", std::move(value)}, {"meaning", meaning}};
}

json if_known(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

} // namespace

std::string report_of(const backtest_report& of) {
  const json rows{
    row("forecasts", of.forecasts, "refreshes that were foretold"),
    row("duration_error", of.duration_error,
        "median of |foretold - was| / was, of their durations"),
    row("changes_error", of.changes_error,
        "median of |foretold - was| / was, of their changes"),
    row("duration_in_50", of.duration_in_50,
        "share of the durations within the 50 % band"),
    row("duration_in_95", of.duration_in_95,
        "share of the durations within the 95 % band"),
    row("changes_in_50", of.changes_in_50,
        "share of the changes within the 50 % band"),
    row("changes_in_95", of.changes_in_95,
        "share of the changes within the 95 % band"),
    row("breaches", of.breaches,
        "refreshes that landed more than 20 % above the target"),
    row("warnings", of.warnings, "warnings that would have been given"),
    row("hits", of.hits, "warnings that were right"),
    row("precision", if_known(of.precision),
        "share of the warnings that were right; null: there were none"),
    row("recall", if_known(of.recall),
        "share of the breaches that were warned of; null: there were none"),
    row("brier", if_known(of.brier),
        "mean square error of the probability of a breach; 0 is perfect")};
  return rows.dump();
}

} // namespace pgtrickle::plans
