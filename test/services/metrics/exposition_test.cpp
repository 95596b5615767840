#include "services/metrics/exposition.hpp"

#include "services/metrics/legal_text.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

using namespace pgtrickle::metrics;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string open_metrics(const MetricFamily& family, double created = 0) {
  return exposition(
    {family}, {exposition_format::openmetrics,
               [created](const std::string&, const prometheus::ClientMetric&) {
                 return created;
               }});
}

std::string plain_text(const MetricFamily& family) {
  return exposition({family}, {});
}

MetricFamily gauge(double value, const std::string& name = "x",
                   const std::string& label = "") {
  ClientMetric metric;
  if (!label.empty())
    metric.label = {{"l", label}};
  metric.gauge.value = value;
  return {name, "Help.", MetricType::Gauge, {metric}};
}

MetricFamily counter(const std::string& name) {
  ClientMetric metric;
  metric.counter.value = 3;
  return {name, "Help.", MetricType::Counter, {metric}};
}

MetricFamily histogram() {
  ClientMetric metric;
  metric.label = {{"db_name", "shop"}};
  metric.histogram = {3, 1.5, {{1, 0.005}, {2, 1}, {3, infinity}}};
  return {"x_seconds", "Help.", MetricType::Histogram, {metric}};
}

} // namespace

TEST_CASE("a counter's family loses its ending in OpenMetrics only") {
  CHECK(open_metrics(counter("x_bytes_total")) == R"(# TYPE x_bytes counter
# UNIT x_bytes bytes
# HELP x_bytes Help.
x_bytes_total 3
# EOF
)");
  CHECK(plain_text(counter("x_bytes_total")) == R"(# TYPE x_bytes_total counter
# HELP x_bytes_total Help.
x_bytes_total 3
)");
}

TEST_CASE("a counter tells when it began, if it began") {
  CHECK(open_metrics(counter("x_total"), 1.5).find("x_created 1.5\n")
        != std::string::npos);
  CHECK(open_metrics(counter("x_total")).find("_created") == std::string::npos);
}

TEST_CASE("a histogram has canonical bounds and all its samples") {
  CHECK(open_metrics(histogram()) == R"(# TYPE x_seconds histogram
# UNIT x_seconds seconds
# HELP x_seconds Help.
x_seconds_bucket{db_name="shop",le="0.005"} 1
x_seconds_bucket{db_name="shop",le="1.0"} 2
x_seconds_bucket{db_name="shop",le="+Inf"} 3
x_seconds_count{db_name="shop"} 3
x_seconds_sum{db_name="shop"} 1.5
# EOF
)");
}

TEST_CASE("a histogram without a last bound gets one") {
  auto open = histogram();
  open.metric[0].histogram.bucket.pop_back();
  CHECK(open_metrics(open) == open_metrics(histogram()));
}

TEST_CASE("an info is one in OpenMetrics and a gauge in the older format") {
  const auto info = gauge(1, "x_info", "v");
  CHECK(open_metrics(info) == R"(# TYPE x info
# HELP x Help.
x_info{l="v"} 1
# EOF
)");
  CHECK(plain_text(info).starts_with("# TYPE x_info gauge\n"));
}

TEST_CASE("numbers are exact") {
  const auto value = [](double x) {
    const auto text = plain_text(gauge(x));
    const auto at = text.rfind(' ') + 1;
    return text.substr(at, text.size() - at - 1);
  };
  CHECK(value(0) == "0");
  CHECK(value(-3) == "-3");
  CHECK(value(9007199254740992) == "9007199254740992");
  CHECK(value(0.1) == "0.1");
  CHECK(value(infinity) == "+Inf");
  CHECK(value(-infinity) == "-Inf");
  CHECK(value(std::nan("")) == "NaN");
  for (const double x : {1.0 / 3, 1e300, 5e-324, 1792000000.123456})
    CHECK(std::strtod(value(x).c_str(), nullptr) == x);
}

TEST_CASE("any text becomes a legal value of a label") {
  CHECK(escaped("a\"b\\c\nd") == R"(a\"b\\c\nd)");
  CHECK(escaped_but_quotes("a\"b") == "a\"b");
  CHECK(escaped("h\xc3\xa9 \xf0\x9f\x90\x98") == "h\xc3\xa9 \xf0\x9f\x90\x98");
  const std::string bad = "\xef\xbf\xbd";
  CHECK(escaped("\xff") == bad);
  CHECK(escaped("\xc3") == bad);
  // Overlong, a surrogate, and beyond Unicode.
  CHECK(escaped("\xc0\xaf") == bad + bad);
  CHECK(escaped("\xed\xa0\x80") == bad + bad + bad);
  CHECK(escaped("\xf4\x90\x80\x80") == bad + bad + bad + bad);
  CHECK(escaped(std::string(1, '\0')) == bad);
  CHECK(legal_name("9 lives-\xff") == "_9_lives__");
}

TEST_CASE("families stand one after the other, in their order") {
  const auto text = exposition({counter("b_total"), gauge(1, "a")},
                               {exposition_format::openmetrics,
                                [](const auto&, const auto&) { return 0.0; }});
  CHECK(text.find("# TYPE b counter") < text.find("# TYPE a gauge"));
  CHECK(text.ends_with("\n# EOF\n"));
}
