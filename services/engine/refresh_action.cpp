#include "services/engine/refresh_action.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

/// A source whose rows change this often between refreshes on average is hot.
constexpr double hot = 0.2;

} // namespace

bool reads_directly(std::int64_t changes, double source_rows) {
  return changes > few_changes
         && static_cast<double>(changes) < hot * source_rows;
}

refresh_action choose_action(const refresh_situation& now) {
  if (!now.populated)
    return {"FULL", "FILL", "first fill"};
  if (now.needs_reinit)
    return {"REINITIALIZE", "FULL", now.reinit_reason};
  if (!now.full_reason.empty())
    return {"FULL", "FULL", now.full_reason};
  if (now.truncated)
    return {"FULL", "FULL", "a source was truncated"};
  if (now.refresh_mode == "AUTO" && now.most_changes > 0
      && now.changes > few_changes
      && static_cast<double>(now.changes) > now.most_changes * now.source_rows)
    return {
      "FULL", "FULL",
      fmt::format("{} changes are more than {:.0f} % of {:.0f} source rows",
                  now.changes, 100 * now.most_changes, now.source_rows)};
  return {"DIFFERENTIAL", "DIFFERENTIAL", {}};
}

} // namespace pgtrickle::engine
