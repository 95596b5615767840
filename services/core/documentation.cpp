#include "services/core/documentation.hpp"

#include "services/core/alerts.hpp"
#include "services/core/error.hpp"

#include <initializer_list>

namespace pgtrickle {

namespace {

constexpr std::string_view errors_introduction
  = R"(<!-- Rendered from services/core/errors.def:
     cmake --build --preset dev --target docs -->
# Errors

An error reaches SQL with its SQLSTATE, a message that names the object, and
mostly a HINT that says what to do. `psql` shows the SQLSTATE after
`\set VERBOSITY verbose`.

Where PostgreSQL itself refuses a query or a statement of a refresh, the error
keeps PostgreSQL's own SQLSTATE: an unknown table is 42P01, an unknown column
42703, a division by zero 22012. The daemon then files it under the name below
that fits.

The name is what the daemon's log says.

## Errors of the daemon

| Name | SQLSTATE | Reaction | What it means | What to do |
|---|---|---|---|---|
)";

constexpr std::string_view reactions_and_extension = R"(
## Reactions

| Reaction | What the daemon does | What a caller should do |
|---|---|---|
| reject | It gives up. In a refresh the error counts: after `pg_trickle.max_consecutive_errors` of them in a row the stream table gets the status ERROR. | Change what the error names. The same call fails again. |
| rebuild | As for reject; the stream table has to be defined anew before it can go on. | Follow the hint. |
| retry | It tries a refresh again later. The error does not count. | Repeat the call. |
| halt | It stops what it does in this database and starts afresh. | Repeat the call. If the error returns, report it. |

## Errors of the extension

The extension raises these itself, without the daemon.

| SQLSTATE | When | What to do |
|---|---|---|
| 08001 | No daemon serves the database, or NATS cannot be reached. | Start what the hint names. |
| 08006 | The daemon, or NATS, fell silent during the call. | See whether the call had an effect, then repeat it. |
| 08P01 | A reply makes no sense. | Compare `pgtrickle.version()` with `pgtrickled --version`. |
| 22004 | An argument is null that must not be. | Give a value. |
| 22023 | An argument is of the wrong type. | Correct it. |
| 25001 | `refresh_stream_table` was called inside a transaction block, or after its transaction had written. | Commit first, then call it on its own. |
| 25006 | A definition call or a refresh was called in a read-only transaction or on a standby. | Call on the primary, in a transaction that may write. |
| 42501 | The caller may not execute the function; or, inside a transaction block, does not own the stream table or may not create in the schema. | Grant what the message names. |
| 42601 | Inside a transaction block: the defining query is not one SELECT. | Give one SELECT. |
| 42883 | `_relay` was called with a method that does not exist. | Use the functions in [the SQL reference](SQL_REFERENCE.md). |
| 42P01 | Inside a transaction block, or to a function that reads the catalog: no stream table has that name. | Check the name and the search_path. |
| 42P07 | Inside a transaction block: the name is taken. | Choose another name. |
| 42P16 | Inside a transaction block: a stream table cannot be temporary. | Name another schema. |
| 54000 | The defining query is longer than 1 MB, or arguments or result of a call are too large. | Put parts of the query into views. |
| 55000 | INSERT, UPDATE, DELETE or TRUNCATE on a stream table. | Change the tables that its query reads. |
| 57014 | The call was cancelled, or took longer than `statement_timeout` or `pg_trickle.call_timeout`. | Allow more time. |
)";

constexpr std::string_view alerts_introduction
  = R"(<!-- Rendered from services/core/alerts.def:
     cmake --build --preset dev --target docs -->
# Alerts

An alert is written in the same transaction as what it tells of: it exists if
and only if that was committed.

| Event | When | What to do | Keys of the payload |
|---|---|---|---|
)";

constexpr std::string_view alerts_channels = R"(
## Payload

A JSON object. The key `event` is always there. `stream_table` is the quoted,
qualified name, `pgt_id` the number that the catalog gives it, `sqlstate` the
SQLSTATE of the error. Readers should ignore keys that they do not know.

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

### Target lags

What `predicted_sla_breach` and `sla_recovered` carry, as a JSON Schema; `sla_recovered`
has the first six properties.

```json
{"$schema": "https://json-schema.org/draft/2020-12/schema",
 "type": "object",
 "required": ["event", "stream_table", "pgt_id", "predicted_ms", "sla_ms", "database"],
 "properties": {
   "event": {"enum": ["predicted_sla_breach", "sla_recovered"]},
   "stream_table": {"type": "string"},
   "pgt_id": {"type": "integer"},
   "predicted_ms": {"type": "integer", "minimum": 0,
     "description": "expected age of the rows when the next refresh lands"},
   "sla_ms": {"type": "integer", "minimum": 1, "description": "the target lag"},
   "database": {"type": "string"},
   "probability": {"type": "number", "minimum": 0, "maximum": 1,
     "description": "that the age exceeds the target lag by more than 20 %"},
   "model": {"type": "string"},
   "cause": {"enum": ["cost_growth", "arrival_spike", "queueing", "blocked"]},
   "suggested_action": {"type": "string"}}}
```

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
published without being kept. [nats.md](nats.md) says how to consume the stream.
With NATS's command-line tool:

```sh
nats sub 'pgtrickle.v1.*.*.alert.>'
```
)";

/// A row of a table, and a line break.
std::string row_of(std::initializer_list<std::string_view> cells) {
  std::string row = "|";
  for (const auto cell : cells) {
    row += ' ';
    row += cell;
    row += " |";
  }
  return row + '\n';
}

std::string code(std::string_view text) {
  return "`" + std::string{text} + "`";
}

} // namespace

std::string render_errors() {
  std::string text{errors_introduction};
  for (const auto& error : error_descriptions())
    text += row_of({code(error.name), error.sqlstate,
                    to_string(error.what_next), error.meaning, error.remedy});
  text += reactions_and_extension;
  return text;
}

std::string render_alerts() {
  std::string text{alerts_introduction};
  for (const auto& alert : alert_descriptions())
    text += row_of({code(alert.name), alert.when, alert.remedy, alert.keys});
  text += alerts_channels;
  return text;
}

} // namespace pgtrickle
