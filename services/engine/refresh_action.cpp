#include "services/engine/refresh_action.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

/// A source whose rows change this often between refreshes on average is hot.
constexpr double hot = 0.2;

std::string expected(const std::optional<double>& ms) {
  return ms ? fmt::format("{:.3g} ms", *ms) : "an unknown time";
}

std::string expectation(const mode_choice& choice) {
  return fmt::format("expected: FULL {}, DIFFERENTIAL {}",
                     expected(choice.full_ms),
                     expected(choice.differential_ms));
}

} // namespace

intake intake_of(std::int64_t changes, double source_rows, bool others_changed,
                 bool adds_up) {
  const auto count = static_cast<double>(changes);
  if (count <= most_consolidated || (count >= hot * source_rows && !adds_up))
    return intake::consolidated;
  return others_changed && count <= most_copied ? intake::copied
                                                : intake::in_place;
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
  return {"DIFFERENTIAL", "DIFFERENTIAL", {}};
}

refresh_action action_for(const refresh_situation& now,
                          const mode_choice& choice) {
  const std::string mode = choice.full ? "FULL" : "DIFFERENTIAL";
  if (choice.trial)
    return {mode, mode, "to measure it again; " + expectation(choice)};
  if (!choice.full)
    return {mode, mode, {}};
  if (choice.full_ms && choice.differential_ms)
    return {mode, mode, expectation(choice)};
  return {mode, mode,
          fmt::format("{} changes are many for {:.0f} source rows", now.changes,
                      now.source_rows)};
}

} // namespace pgtrickle::engine
