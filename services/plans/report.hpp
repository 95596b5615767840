#pragma once

#include "services/planning/backtest.hpp"

#include <string>

namespace pgtrickle::plans {

/// The report as a JSON array of rows: metric, value, meaning.
[[nodiscard]] std::string report_of(const backtest_report& report);

} // namespace pgtrickle::plans
