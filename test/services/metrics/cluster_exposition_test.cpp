#include "services/metrics/cluster_exposition.hpp"

#include "services/metrics/metrics.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fleet_board::time_point now{1000s};
  fleet_board::picture seen;

  void add(oid id, const std::string& name, std::chrono::seconds age) {
    fleet_view::row row;
    row.report.node = "first";
    row.report.database.id = id;
    row.report.database.name = name;
    row.report.database.figures.refreshes = {{"FULL", 3}, {"FAILED", 1}};
    row.heard_at = now - age;
    seen.databases.push_back(row);
  }

  /// By the value of the family's first label.
  [[nodiscard]] std::map<std::string, double>
  values(const std::string& name) const {
    std::map<std::string, double> found;
    for (const auto& family : metrics::cluster_metrics(seen, now))
      if (family.name == "pgtrickle_cluster_" + name)
        for (const auto& metric : family.metric)
          found[metric.label.at(0).value] = metric.gauge.value;
    return found;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "silent databases are told with their age") {
  add(5, "shop", 1s);
  add(6, "stock", 90s);
  CHECK(values("report_age_seconds")
        == std::map<std::string, double>{{"5", 1}, {"6", 90}});
  CHECK(values("report_current")
        == std::map<std::string, double>{{"5", 1}, {"6", 0}});
  CHECK(values("refresh_failures_total")
        == std::map<std::string, double>{{"5", 1}, {"6", 1}});
}

TEST_CASE_FIXTURE(fixture, "nodes are told whether they are heard") {
  seen.nodes.push_back({{"first", "0.27.0", {}, {}, {}}, now - 2s, true});
  seen.nodes.push_back({{"second", "0.27.0", {}, {}, {}}, now - 60s, false});
  CHECK(values("node_up")
        == std::map<std::string, double>{{"first", 1}, {"second", 0}});
  CHECK(values("node_silence_seconds")
        == std::map<std::string, double>{{"first", 2}, {"second", 60}});
}

TEST_CASE_FIXTURE(fixture, "the cluster's metrics have the declared labels") {
  add(5, "shop", 1s);
  seen.nodes.push_back({{"first", "0.27.0", {}, {}, {}}, now, true});
  const auto families = metrics::cluster_metrics(seen, now);
  const auto declared = metrics::cluster_metric_descriptions();
  REQUIRE(families.size() == declared.size());
  for (std::size_t i = 0; i < families.size(); ++i) {
    CAPTURE(families[i].name);
    CHECK(families[i].name == declared[i].name);
    REQUIRE(!families[i].metric.empty());
    for (const auto& metric : families[i].metric) {
      std::vector<std::string> names;
      for (const auto& label : metric.label)
        names.push_back(label.name);
      CHECK(names == declared[i].labels);
    }
  }
}
