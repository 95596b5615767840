#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pgtrickle::metrics {

enum class exposition_format : std::uint8_t {
  /// Prometheus's text format 0.0.4.
  text,
  /// OpenMetrics 1.0.
  openmetrics
};

struct exposition_options {
  exposition_format format = exposition_format::text;
  /// When a counter or histogram of a family began, in seconds since 1970; 0:
  /// not told, as it goes on for ever. OpenMetrics only.
  std::function<double(const std::string& family,
                       const prometheus::ClientMetric&)>
    created
    = [](const std::string&, const prometheus::ClientMetric&) { return 0.0; };
};

/// The Content-Type of a format.
[[nodiscard]] const char* content_type_of(exposition_format format);

/// The families as text, in their order, one after the other. A counter's
/// family has a name that ends in `_total`, a gauge's that ends in `_info` is
/// an info; the unit is the last word of a name, if it is one. Any text is
/// legal as a help or a label's value: what is no UTF-8 is replaced.
[[nodiscard]] std::string
exposition(const std::vector<prometheus::MetricFamily>& families,
           const exposition_options& options);

} // namespace pgtrickle::metrics
