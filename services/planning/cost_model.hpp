#pragma once
// What refreshes of one stream table cost, learnt from those that it has had.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle {

/// A refresh that was.
struct refresh_cost {
  /// Rises from refresh to refresh.
  std::int64_t id = 0;
  double changes = 0;
  double ms = 0;
};

/// So many refreshes of each mode are looked at, the newest ones.
constexpr std::size_t remembered_differential = 32;
constexpr std::size_t remembered_full = 100;

/// Refreshes of one table by mode, the newest first.
struct refresh_costs {
  std::vector<refresh_cost> differential;
  std::vector<refresh_cost> full;
};

/// A refresh of n changes takes fixed + n · per_change.
struct line_of_cost {
  double fixed_ms = 0;
  double ms_per_change = 0;
  /// The largest change that this was learnt from.
  double most_changes = 0;
};

struct cost_model {
  std::optional<line_of_cost> differential;
  std::optional<line_of_cost> full;

  /// What a differential refresh of `changes` would take; nothing if no change
  /// of such a size has been seen.
  [[nodiscard]] std::optional<double> differential_ms(double changes) const;

  /// What a full one would take, which writes what they change too.
  [[nodiscard]] std::optional<double> full_ms(double changes) const;
};

/// Learns from `costs`. Of each mode's refreshes a handful of new ones outweigh
/// all older ones, and what is far off counts no more than what is not.
[[nodiscard]] cost_model learn(const refresh_costs& costs);

/// `model` in words, for explain_st.
[[nodiscard]] std::string to_text(const cost_model& model);

/// What `model` would say of the newest refresh in `costs` from the older
/// ones, and how far off it would be, in words; nothing if there is no saying.
[[nodiscard]] std::optional<std::string>
last_prediction(const refresh_costs& costs);

} // namespace pgtrickle
