#include "services/core/alerts.hpp"
#include "services/core/documentation.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace pgtrickle {

namespace {

constexpr std::string_view alerts_introduction
  = R"(<!-- Rendered from services/core/alerts.def and alert_keys.def:
     cmake --build --preset dev --target docs -->
# Alerts

An alert is written in the same transaction as what it tells of: it exists if
and only if that was committed. `database_unreachable` alone can't be.

| Event | When | What to do |
|---|---|---|
)";

constexpr std::string_view alerts_channels = R"(
## Payload

A JSON object, as the schema of its event says. Readers should ignore keys that
they do not know.

```json
{"event": "refresh_failed", "stream_table": "public.ratios", "pgt_id": 7,
 "action": "DIFFERENTIAL", "error": "division by zero", "sqlstate": "22012",
 "consecutive_errors": 1}
```

```json
{"event": "predicted_sla_breach", "stream_table": "public.revenue", "pgt_id": 4,
 "predicted_ms": 81340, "sla_ms": 60000, "database": "shop", "probability": 0.93,
 "model": "lateness + cost by change + season", "cause": "arrival_spike",
 "suggested_action": "More changes than usual wait: …"}
```

```json
{"event": "pending_call_failed", "call_id": 3, "method": "create_stream_table",
 "arguments": {"name": "public.kinds", "query": "SELECT kind FROM parts",
               "schedule": "5s", "refresh_mode": "AUTO", "initialize": true},
 "role": "alice", "sqlstate": "42P07",
 "message": "relation \"public\".\"kinds\" already exists",
 "hint": "Choose another name, or change a stream table by pgtrickle.alter_stream_table()."}
```

## Target lags

The cooldown is kept in the database, by a clock that nobody sets: a restart of the daemon, its
successor on another node, or a clock on the wall that jumps give no second alert. After a
reboot of the database's host, or a fail-over to another one, it takes the clock on the wall,
and the alert may come later by as much as one cooldown.

## In SQL

`LISTEN pg_trickle_alert` in the database of the stream table. The notification
carries the payload. PostgreSQL limits a notification to 8000 bytes: a longer
payload is left out, and the notification is
`{"event": …, "alert_id": …}`. It always is valid JSON.

`pgtrickle.pgt_alerts` holds every alert whole (`alert_id`, `event`, `pgt_id`,
`payload`, `created_at`, `published_at`). Only superusers may read it.

## Over NATS

| What | Value |
|---|---|
| Subject | `pgtrickle.v1.<cluster>.<database>.alert.<event>` |
| `<cluster>` | `system_identifier` of the PostgreSQL cluster: `SELECT system_identifier FROM pg_control_system()` |
| `<database>` | oid of the database |
| Body | the payload, always whole |
| Header `Nats-Msg-Id` | `<cluster>-<database>-<alert_id>` |
| Headers `ce-*` | the attributes of a [CloudEvent](https://cloudevents.io/) 1.0: `ce-specversion`, `ce-id` (as `Nats-Msg-Id`), `ce-type` (`pgtrickle.alert.<event>`), `ce-source` (`/pgtrickle/<cluster>/<database>`), `ce-time`; `content-type` is `application/json` |
| JetStream stream | `PGTRICKLE_ALERTS`, made by the daemon unless it exists: 7 days, 256 MB, duplicates known for an hour |

The daemon publishes an alert until NATS has acknowledged it, so an alert may
arrive more than once. JetStream drops a repetition by its `Nats-Msg-Id` within
the stream's duplicate window. Where NATS has no JetStream, the alert is
published without being kept. They come in the order of `alert_id`, so those of a
stream table in the order in which they happened; what happens while NATS is away
waits in the outbox and is published when it is back. `database_unreachable` is in
no outbox: its `Nats-Msg-Id` is `<cluster>-<database>-unreachable-<epoch>`, and it
has no headers `ce-*`. With NATS's command-line tool:

```sh
nats sub 'pgtrickle.v1.*.*.alert.>'
```
)";

struct key_description {
  std::string_view name;
  std::string_view schema;
  std::string_view meaning;
};

constexpr std::array key_descriptions{
#define ALERT_KEY(name, schema, meaning)                                       \
  key_description{#name, schema, meaning},
#include "services/core/alert_keys.def"
};

/// The property that a schema has for `key`.
std::string property_of(std::string_view key) {
  const auto found
    = std::ranges::find(key_descriptions, key, &key_description::name);
  std::string text = "   \"" + std::string{key} + "\": {";
  if (found == key_descriptions.end())
    return text + "}";
  return text + std::string{found->schema} + ",\n     \"description\": \""
         + std::string{found->meaning} + "\"}";
}

std::string schema_of(const alert_description& alert) {
  const std::string event{alert.name};
  std::string required = "\"event\"";
  std::string properties = "   \"event\": {\"const\": \"" + event + "\"}";
  for (const auto& key : keys_of(alert)) {
    if (!key.is_optional)
      required += ", \"" + key.name + "\"";
    properties += ",\n" + property_of(key.name);
  }
  return "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
         " \"title\": \""
         + event + "\", \"type\": \"object\",\n \"required\": [" + required
         + "],\n \"properties\": {\n" + properties + "}}\n";
}

std::string section_of(const alert_description& alert) {
  const std::string event{alert.name};
  return "### " + event
         + "\n\nSubject: `pgtrickle.v1.<cluster>.<database>.alert." + event
         + "`\n\n```json\n" + schema_of(alert) + "```\n\n";
}

} // namespace

std::string render_alerts() {
  std::string text{alerts_introduction};
  for (const auto& alert : alert_descriptions())
    text += "| [`" + std::string{alert.name} + "`](#" + std::string{alert.name}
            + ") | " + std::string{alert.when} + " | "
            + std::string{alert.remedy} + " |\n";
  text += alerts_channels;
  text += "\n## Schemas\n\n";
  for (const auto& alert : alert_descriptions())
    text += section_of(alert);
  text.pop_back();
  return text;
}

} // namespace pgtrickle
