#pragma once

#include <prometheus/labels.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace pgtrickle::metrics {

/// `labels` with one more.
inline prometheus::Labels with(prometheus::Labels labels,
                               const std::string& name,
                               std::string_view value) {
  labels.emplace(name, value);
  return labels;
}

/// The place of `value`, or of the last: `other`.
template <std::size_t N>
std::size_t place_of(const std::array<std::string_view, N>& values,
                     std::string_view value) {
  const auto found = std::find(values.begin(), values.end(), value);
  return std::min<std::size_t>(static_cast<std::size_t>(found - values.begin()),
                               N - 1);
}

} // namespace pgtrickle::metrics
