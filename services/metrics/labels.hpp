#pragma once

#include <prometheus/labels.h>

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

} // namespace pgtrickle::metrics
