#include "actors/metrics_pages.hpp"

#include "services/http/compression.hpp"
#include "services/http/negotiation.hpp"
#include "services/metrics/cluster_exposition.hpp"
#include "services/metrics/exposition.hpp"

#include <algorithm>
#include <set>

namespace pgtrickle {

namespace {

using metrics::exposition_format;
using metric_families = std::vector<prometheus::MetricFamily>;
using metrics::node_metrics;
using collector = std::function<node_metrics::collected()>;

/// What does not tell one time series from another.
prometheus::MetricFamily target_of(const daemon_context& context) {
  prometheus::ClientMetric target;
  target.label = {{"node", context.node},
                  {"service_name", "pgtrickled"},
                  {"service_version", context.version}};
  target.gauge.value = 1;
  return {"target_info",
          "Which daemon this is.",
          prometheus::MetricType::Gauge,
          {std::move(target)}};
}

/// The families whose counters begin with the daemon.
std::set<std::string> young_families() {
  std::set<std::string> names;
  for (const auto& metric : metrics::metric_descriptions())
    if (metric.begins_with_daemon)
      names.emplace(metric.name);
  return names;
}

/// The labels of its database that a series has, if it has one.
prometheus::Labels database_of(const prometheus::ClientMetric& metric) {
  prometheus::Labels found;
  for (const auto& label : metric.label)
    if (label.name == "db_oid" || label.name == "db_name")
      found.emplace(label.name, label.value);
  return found;
}

metrics::exposition_options
options_for(const http::request& asked, double started,
            const node_metrics::collected& collected) {
  static const auto young = young_families();
  metrics::exposition_options options;
  if (http::prefers_openmetrics(asked.header("accept")))
    options.format = exposition_format::openmetrics;
  // Those of a database began when the daemon got it last.
  options.created
    = [started, &since = collected.databases_since](
        const std::string& family, const prometheus::ClientMetric& metric) {
        if (!young.contains(family))
          return 0.0;
        const auto found = since.find(database_of(metric));
        return found == since.end() ? started : found->second;
      };
  return options;
}

/// Smaller than what a packet holds, packing gains nothing.
constexpr std::size_t worth_packing = 1400;

http::response packed(const http::request& asked, std::string text,
                      exposition_format format) {
  http::response answer{200, std::move(text), metrics::content_type_of(format)};
  answer.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (answer.body.size() < worth_packing
      || !http::takes_gzip(asked.header("accept-encoding")))
    return answer;
  if (auto zipped = http::gzipped(answer.body)) {
    answer.body = std::move(*zipped);
    answer.headers.emplace_back("Content-Encoding", "gzip");
  }
  return answer;
}

/// Counts a scrape, also one that an exception ended.
class scrape_count {
public:
  scrape_count(std::shared_ptr<metrics::node_metrics> to, std::string page)
    : metrics_(std::move(to)), page_(std::move(page)) {}
  scrape_count(const scrape_count&) = delete;
  scrape_count& operator=(const scrape_count&) = delete;
  ~scrape_count() {
    metrics_->scraped(page_,
                      std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begun_),
                      is_whole_);
  }

  void succeeded() { is_whole_ = true; }

private:
  std::shared_ptr<metrics::node_metrics> metrics_;
  std::string page_;
  std::chrono::steady_clock::time_point begun_
    = std::chrono::steady_clock::now();
  bool is_whole_ = false;
};

http::page metrics_page(std::string name, const daemon_context& context,
                        collector collect) {
  const auto started
    = std::chrono::duration<double>{context.started_at.time_since_epoch()}
        .count();
  return [name = std::move(name), started, node = context.metrics,
          target = target_of(context),
          collect = std::move(collect)](const http::request& asked) {
    scrape_count count{node, name};
    auto collected = collect();
    auto& families = collected.families;
    families.insert(families.begin(), target);
    const auto options = options_for(asked, started, collected);
    auto answer
      = packed(asked, metrics::exposition(families, options), options.format);
    count.succeeded();
    return answer;
  };
}

} // namespace

void add_metrics_pages(std::map<std::string, http::page>& pages,
                       const daemon_context& context) {
  pages["/-/healthy"] = [](const http::request&) {
    return http::response{200, "healthy\n"};
  };
  pages["/-/ready"] = [is_ready = context.is_ready](const http::request&) {
    return *is_ready ? http::response{200, "ready\n"}
                     : http::response{503, "PostgreSQL cannot be reached\n"};
  };
  pages["/metrics"] = metrics_page(
    "/metrics", context, [node = context.metrics, is_ready = context.is_ready] {
      node->observe_process(*is_ready);
      return node->collect();
    });
  pages["/metrics/cluster"]
    = metrics_page("/metrics/cluster", context, [fleet = context.fleet] {
        return node_metrics::collected{
          metrics::cluster_metrics(*fleet->look(),
                                   std::chrono::steady_clock::now()),
          {}};
      });
}

} // namespace pgtrickle
