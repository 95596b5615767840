#pragma once

#include "services/core/ids.hpp"

#include <chrono>
#include <set>
#include <span>

namespace pgtrickle {

/// How long to wait from one look for changes to the next: the usual time,
/// unless changes of some sources are awaited. Then it follows how often they
/// come: short after one, doubled after each look that found none.
class look_pace {
public:
  using milliseconds = std::chrono::milliseconds;

  static constexpr milliseconds shortest{10};
  /// A look costs one statement: this often, it is nothing to measure.
  static constexpr milliseconds longest{80};

  /// The sources whose changes are awaited from now on.
  void await(std::set<oid> sources);

  /// Notes what a look has found.
  void looked(std::span<const oid> touched);

  [[nodiscard]] milliseconds next(milliseconds usual) const;

private:
  std::set<oid> awaited_;
  milliseconds current_{shortest};
};

} // namespace pgtrickle
