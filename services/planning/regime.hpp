#pragma once
// Where what is going on began.

#include <cstddef>
#include <span>

namespace pgtrickle {

/// The index in `values` (logarithms, oldest first) from which on they belong
/// to the regime of the newest; 0 if nothing is to be forgotten: there was no
/// other, or what is now has been before and takes turns with it. A regime has
/// at least `shortest` values.
[[nodiscard]] std::size_t present_regime(std::span<const double> values,
                                         std::size_t shortest);

} // namespace pgtrickle
