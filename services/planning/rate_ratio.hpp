#pragma once
// How changes spread around what the season says of their hour.

#include "services/planning/season.hpp"
#include "services/planning/spread.hpp"

#include <vector>

namespace pgtrickle {

/// Changes by what the season says; busy hours spread by another ratio than
/// quiet ones.
struct rate_ratio {
  spread quiet = certain(1);
  spread busy = certain(1);
  /// An hour is busy if the season says so many changes per second or more.
  double busy_from = 0;

  bool operator==(const rate_ratio&) const = default;

  [[nodiscard]] const spread& at(double per_second) const {
    return per_second < busy_from ? quiet : busy;
  }
};

/// Collects ratios by how busy their hour is: one half of all changes come in
/// busy ones.
class rate_ratio_collector {
public:
  explicit rate_ratio_collector(const season& by_hour);

  void add(double per_second, const weighed& ratio);

  /// What was collected, which is gone then.
  [[nodiscard]] rate_ratio take();

private:
  double busy_from_ = 0;
  std::vector<weighed> quiet_;
  std::vector<weighed> busy_;
};

} // namespace pgtrickle
