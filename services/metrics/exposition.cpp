#include "services/metrics/exposition.hpp"

#include "services/metrics/legal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

namespace pgtrickle::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string special(double value) {
  if (std::isnan(value))
    return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

std::string number(double value) {
  constexpr double exact = 9007199254740992.0;
  if (!std::isfinite(value))
    return special(value);
  if (value == std::trunc(value) && std::abs(value) <= exact)
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{}", value);
}

/// As OpenMetrics has the bounds of buckets: never without a point.
std::string bound(double value) {
  if (!std::isfinite(value))
    return special(value);
  auto text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return text;
}

std::string_view without(std::string_view name, std::string_view ending) {
  if (name.ends_with(ending))
    name.remove_suffix(ending.size());
  return name;
}

class writer {
public:
  explicit writer(const exposition_options& options)
    : options_(options),
      is_open_(options.format == exposition_format::openmetrics) {}

  void add(const MetricFamily& family);
  [[nodiscard]] std::string text() && {
    if (is_open_)
      text_ += "# EOF\n";
    return std::move(text_);
  }

private:
  [[nodiscard]] bool is_info(const MetricFamily& family) const {
    return is_open_ && family.type == MetricType::Gauge
           && family.name.ends_with("_info");
  }

  [[nodiscard]] std::string_view type_of(const MetricFamily& family) const;
  void describe(const MetricFamily& family);
  void add(const MetricFamily& family, const ClientMetric& metric);
  void add_histogram(const ClientMetric& metric);
  void add_summary(const ClientMetric& metric);
  void sample(std::string_view suffix, const ClientMetric& metric,
              const std::string& value, std::string_view more_name = {},
              const std::string& more_value = {});

  const exposition_options& options_;
  bool is_open_;
  /// Of the present family's samples, without their suffixes.
  std::string base_;
  double created_ = 0;
  std::string text_;
};

void writer::add(const MetricFamily& family) {
  const auto name = legal_name(family.name);
  base_ = name;
  if (family.type == MetricType::Counter)
    base_ = without(name, "_total");
  else if (is_info(family))
    base_ = without(name, "_info");
  describe(family);
  for (const auto& metric : family.metric)
    add(family, metric);
}

std::string_view writer::type_of(const MetricFamily& family) const {
  switch (family.type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return is_info(family) ? "info" : "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Untyped:
      break;
  }
  return is_open_ ? "unknown" : "untyped";
}

void writer::describe(const MetricFamily& family) {
  constexpr std::array<std::string_view, 4> units{"seconds", "bytes", "ratio",
                                                  "celsius"};
  const auto named
    = base_ + (family.type == MetricType::Counter && !is_open_ ? "_total" : "");
  text_ += fmt::format("# TYPE {} {}\n", named, type_of(family));
  const auto last_word = base_.substr(base_.rfind('_') + 1);
  if (is_open_ && !is_info(family) && last_word.size() < base_.size()
      && std::ranges::find(units, last_word) != units.end())
    text_ += fmt::format("# UNIT {} {}\n", named, last_word);
  text_ += fmt::format("# HELP {} {}\n", named,
                       is_open_ ? escaped(family.help)
                                : escaped_but_quotes(family.help));
}

void writer::add(const MetricFamily& family, const ClientMetric& metric) {
  created_ = is_open_ ? options_.created(family.name, metric) : 0;
  switch (family.type) {
    case MetricType::Counter:
      sample("_total", metric, number(metric.counter.value));
      if (created_ > 0)
        sample("_created", metric, number(created_));
      return;
    case MetricType::Gauge:
      sample(is_info(family) ? "_info" : "", metric,
             number(metric.gauge.value));
      return;
    case MetricType::Untyped:
      sample("", metric, number(metric.untyped.value));
      return;
    case MetricType::Histogram:
      return add_histogram(metric);
    case MetricType::Summary:
      return add_summary(metric);
  }
}

void writer::add_histogram(const ClientMetric& metric) {
  const auto& histogram = metric.histogram;
  const auto count = fmt::format("{}", histogram.sample_count);
  bool is_complete = false;
  for (const auto& bucket : histogram.bucket) {
    sample("_bucket", metric, fmt::format("{}", bucket.cumulative_count), "le",
           bound(bucket.upper_bound));
    is_complete = bucket.upper_bound == infinity;
  }
  if (!is_complete)
    sample("_bucket", metric, count, "le", bound(infinity));
  sample("_count", metric, count);
  sample("_sum", metric, number(histogram.sample_sum));
  if (created_ > 0)
    sample("_created", metric, number(created_));
}

void writer::add_summary(const ClientMetric& metric) {
  for (const auto& one : metric.summary.quantile)
    sample("", metric, number(one.value), "quantile", bound(one.quantile));
  sample("_count", metric, fmt::format("{}", metric.summary.sample_count));
  sample("_sum", metric, number(metric.summary.sample_sum));
}

void writer::sample(std::string_view suffix, const ClientMetric& metric,
                    const std::string& value, std::string_view more_name,
                    const std::string& more_value) {
  text_ += base_;
  text_ += suffix;
  char before = '{';
  const auto add_label = [&](std::string_view name, std::string_view text) {
    text_ += before;
    text_ += name;
    text_ += "=\"";
    text_ += text;
    text_ += '"';
    before = ',';
  };
  for (const auto& label : metric.label)
    add_label(legal_name(label.name), escaped(label.value));
  if (!more_name.empty())
    add_label(more_name, more_value);
  if (before == ',')
    text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

} // namespace

const char* content_type_of(exposition_format format) {
  return format == exposition_format::openmetrics
           ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
           : "text/plain; version=0.0.4; charset=utf-8";
}

std::string exposition(const std::vector<prometheus::MetricFamily>& families,
                       const exposition_options& options) {
  writer all{options};
  for (const auto& family : families)
    all.add(family);
  return std::move(all).text();
}

} // namespace pgtrickle::metrics
