// Usage: fuzzed_expositions <first seed> <number>: writes one exposition in
// OpenMetrics for each seed, of families whose names, labels and texts are of
// any bytes. check_fuzzed_expositions.py reads them.

#include "services/metrics/exposition.hpp"

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>

using namespace pgtrickle::metrics;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

class fuzzer {
public:
  explicit fuzzer(unsigned seed) : random_(seed) {}

  std::vector<MetricFamily> families() {
    std::vector<MetricFamily> all(1 + below(4));
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = family(i);
    return all;
  }

private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  /// Often of what has a meaning in the format.
  std::string text() {
    static constexpr std::string_view special = "\\\"\n\r\t{}=,# \xc3\xa9\xff";
    std::string bytes(below(12), ' ');
    for (auto& byte : bytes)
      byte = below(2) == 0 ? special[below(special.size())]
                           : static_cast<char>(below(256));
    return bytes;
  }

  MetricFamily family(std::size_t number) {
    static const std::vector<std::string> endings{
      "_total", "_seconds", "_bytes", "_ratio", "_info", "_created", "_x"};
    static const std::vector<MetricType> types{
      MetricType::Counter, MetricType::Gauge, MetricType::Histogram};
    MetricFamily made{text() + "_" + std::to_string(number)
                        + endings[below(endings.size())],
                      text(),
                      types[below(types.size())],
                      {}};
    if (made.type == MetricType::Counter && !made.name.ends_with("_total"))
      made.name += "_total";
    for (std::size_t id = 0, all = below(4); id < all; ++id)
      made.metric.push_back(metric(made, id));
    return made;
  }

  ClientMetric metric(const MetricFamily& of, std::size_t id) {
    ClientMetric made;
    made.label = {{"before", text()},
                  {"id", std::to_string(id)},
                  {text() + "_after", text()}};
    const auto value = static_cast<double>(id);
    made.counter.value = made.gauge.value = value;
    // An info has no other value.
    if (of.name.ends_with("_info"))
      made.gauge.value = 1;
    made.histogram = {id, value, {{0, 0.5}, {id, 1e9}}};
    return made;
  }

  std::mt19937 random_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  const auto first = static_cast<unsigned>(std::atoi(argv[1]));
  const auto number = static_cast<unsigned>(std::atoi(argv[2]));
  for (auto seed = first; seed < first + number; ++seed) {
    const auto families = fuzzer{seed}.families();
    std::size_t metrics = 0;
    for (const auto& family : families)
      metrics += family.metric.size();
    const auto text
      = exposition(families, {exposition_format::openmetrics,
                              [](const auto&, const auto&) { return 1.5; }});
    std::printf("%u %zu %zu\n%s", seed, metrics, text.size(), text.c_str());
  }
}
