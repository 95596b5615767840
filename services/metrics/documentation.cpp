#include "services/metrics/documentation.hpp"

#include "services/metrics/metrics.hpp"

namespace pgtrickle::metrics {

namespace {

constexpr std::string_view introduction
  = R"(<!-- Rendered from services/metrics/metrics.def:
     cmake --build --preset dev --target docs -->
# Metrics

`pgtrickled` serves its metrics at `/metrics`, and those of all databases and
nodes of the PostgreSQL cluster at `/metrics/cluster`, on the address that the
option `--http` gives:

```sh
curl -s http://127.0.0.1:10027/metrics
```

They are told in OpenMetrics 1.0 to whoever asks for it by `Accept`, else in
Prometheus's text format 0.0.4, and packed by gzip if `Accept-Encoding` takes it.
[How to scrape them](integrations/prometheus.md).

## One daemon

Each daemon tells of the databases that it owns: sum over the daemons. The series
of a database end when the daemon gives it up. What the database itself keeps
count of goes on where it was, whichever daemon tells it: it does not fall when a
daemon ends or another takes over. These series appear when the daemon has read
the database's catalog. The counters and histograms marked “daemon” begin
at 0 with the daemon, those of a database whenever the daemon gets it; in OpenMetrics
`_created` tells when.

| Metric | Type | Labels | Counted since | What it tells |
|---|---|---|---|---|
)";

constexpr std::string_view cluster_introduction = R"(
## The cluster

`/metrics/cluster` tells of every database and node that this daemon has heard of
over NATS, so that one scrape serves a whole cluster. Whoever is silent stays, with
the age of its last report. The counters are those that the databases keep: they go
on when a database gets another owner.

| Metric | Type | Labels | What it tells |
|---|---|---|---|
)";

constexpr std::string_view labels = R"(
## Labels

| Label | Values |
|---|---|
| `db_oid`, `db_name` | oid and name of the database |
| `action` | )";

constexpr std::string_view more_labels = R"( |
| `stream_table` | quoted and schema-qualified name of a stream table that has a target lag of its own (`set_stream_table_sla`), of 20 a database at most |
| `method` | the call's function in schema `pgtrickle`; `other` for any that is unknown |
| `event` | [an alert](alerts.md); `other` for any that is unknown |
| `outcome` | `ok`; `failed`: the caller got an error; `expired`: the call's time was over; `rejected`: what came was no call of this database, or came too late |
| `code` | status of the answer |
| `page` | `/metrics` or `/metrics/cluster` |
| `node` | name of a daemon |
| `version` | version of the daemon |

`target_info`, with `node` and `service_version`, tells which daemon was scraped.

A histogram `x` has the series `x_bucket` (with the label `le`), `x_sum` and
`x_count`.
)";

template <class Values>
std::string list_of(const Values& values) {
  std::string text;
  for (const auto& value : values)
    text += (text.empty() ? "`" : ", `") + std::string{value} + "`";
  return text;
}

std::string row_of(const metric_description& metric, bool tells_since) {
  auto row = "| `" + std::string{metric.name} + "` | ";
  row += metric.type;
  row += " | " + list_of(metric.labels) + " | ";
  const auto counts = metric.type != "gauge";
  if (tells_since)
    row += !counts ? "| " : metric.begins_with_daemon ? "daemon | " : "ever | ";
  row += metric.help;
  return row + " |\n";
}

} // namespace

std::string render_markdown() {
  std::string text{introduction};
  for (const auto& metric : metric_descriptions())
    text += row_of(metric, true);
  text += cluster_introduction;
  for (const auto& metric : cluster_metric_descriptions())
    text += row_of(metric, false);
  text += labels;
  text += list_of(database_metrics::actions);
  text += " |\n| `status` | " + list_of(database_metrics::statuses);
  text += more_labels;
  return text;
}

} // namespace pgtrickle::metrics
