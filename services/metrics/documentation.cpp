#include "services/metrics/documentation.hpp"

#include "services/metrics/metrics.hpp"

namespace pgtrickle::metrics {

namespace {

constexpr std::string_view introduction
  = R"(<!-- Rendered from services/metrics/metrics.def:
     cmake --build --preset dev --target docs -->
# Metrics

`pgtrickled` serves its metrics at `/metrics` in Prometheus's text format, on
the address that the option `--http` gives:

```sh
curl -s http://127.0.0.1:10027/metrics
```

Durations are in seconds. Counters begin at 0 with the daemon. Each daemon tells
of the databases that it owns: sum over the daemons. The series of a database
end when the daemon gives it up.

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
| `method` | the call's function in schema `pgtrickle`; `other` for any that is unknown |
| `outcome` | `ok`, `rejected` (the caller can change it), `failed`, `expired` (its time was over) |
| `version` | version of the daemon |

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

} // namespace

std::string render_markdown() {
  std::string text{introduction};
  for (const auto& metric : metric_descriptions()) {
    text += "| `" + std::string{metric.name} + "` | ";
    text += metric.type;
    text += " | " + list_of(metric.labels) + " | ";
    text += metric.help;
    text += " |\n";
  }
  text += labels;
  text += list_of(database_metrics::actions);
  text += " |\n| `status` | " + list_of(database_metrics::statuses);
  text += more_labels;
  return text;
}

} // namespace pgtrickle::metrics
