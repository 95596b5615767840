#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace pgtrickle::ctl {

namespace {

constexpr int exit_warning = 1;
constexpr int exit_critical = 2;

/// Answers within seconds, also if the daemon does not.
constexpr auto asking_the_daemon
  = "SET statement_timeout = '10s'; SELECT pgtrickle.ping();"
    " SELECT node, epoch FROM pgtrickle.pgt_owner";

/// $1 and $2: what came of asking the daemon.
constexpr auto checks = R"(
WITH tables AS (
  SELECT s.*, t.freshness_deadline_ms / 1000.0 AS target,
         CASE WHEN s.schedule ~ '^([0-9]+(w|d|h|m|s|ms))+$|^[0-9]+$'
           THEN extract(epoch FROM s.schedule::interval) END AS every,
         extract(epoch FROM s.staleness) AS age
  FROM pgtrickle.pgt_status() s JOIN pgtrickle.pgt_stream_tables t
    ON pgtrickle._relation_name(t.pgt_relid) = s.name
), late AS (
  SELECT *, age > target AS misses_target FROM tables
  WHERE status = 'ACTIVE' AND (age > target OR target IS NULL AND age > 3 * every + 10)
)
SELECT 'daemon' AS check, $1::text AS state, $2::text AS finding
UNION ALL
SELECT 'stream tables',
  CASE WHEN count(*) FILTER (WHERE status = 'ERROR') > 0 THEN 'critical'
       WHEN count(*) FILTER (WHERE status IN ('SUSPENDED', 'INITIALIZING')) > 0 THEN 'warning'
       ELSE 'ok' END,
  format('%s of %s ACTIVE', count(*) FILTER (WHERE status = 'ACTIVE'), count(*))
    || coalesce((SELECT '; ' || string_agg(format('%s is %s', n.name, n.status), ', ' ORDER BY n.name)
                 FROM (SELECT name, status FROM tables WHERE status <> 'ACTIVE'
                       ORDER BY status = 'ERROR' DESC, name LIMIT 5) n), '')
FROM tables
UNION ALL
SELECT 'refreshes', CASE WHEN count(*) > 0 THEN 'warning' ELSE 'ok' END,
  coalesce((SELECT string_agg(format('%s failed %s times in a row: %s', f.name, f.consecutive_errors,
                                     f.last_error_message), '; ' ORDER BY f.name)
            FROM (SELECT * FROM tables WHERE consecutive_errors > 0
                  ORDER BY consecutive_errors DESC, name LIMIT 3) f), 'none fails')
FROM tables WHERE consecutive_errors > 0
UNION ALL
SELECT 'freshness',
  CASE WHEN bool_or(misses_target) THEN 'critical' WHEN count(*) > 0 THEN 'warning' ELSE 'ok' END,
  CASE WHEN count(*) = 0 THEN 'none is late'
       ELSE format('%s late, %s the most: %s', count(*),
                   (array_agg(name ORDER BY age DESC))[1], date_trunc('second', max(staleness))) END
FROM late
UNION ALL
SELECT 'definition calls', CASE WHEN count(*) > 0 THEN 'warning' ELSE 'ok' END,
  format('%s failed after their COMMIT', count(*))
FROM pgtrickle.pending_calls() WHERE failed_at IS NOT NULL)";

struct daemon_answer {
  std::string state;
  std::string finding;
};

daemon_answer answer_of(postgres::client& db) {
  const auto owner = db.run(asking_the_daemon);
  if (!owner)
    return {"critical", owner.error().message};
  if (owner->rows.empty() || owner->value(0, 0).empty())
    return {"critical", "no daemon owns the database"};
  return {"ok", fmt::format("{} serves the database, epoch {}",
                            owner->value(0, 0), owner->value(0, 1))};
}

int severity_of(const std::string& state) {
  return state == "critical"  ? exit_critical
         : state == "warning" ? exit_warning
                              : 0;
}

/// "critical: daemon: …; freshness: …", with what is not well.
std::string summary_of(const postgres::text_rows& found) {
  static const std::array words{"ok", "warning", "critical"};
  int worst = 0;
  std::string text;
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    const int severity = severity_of(found.value(row, 1));
    worst = std::max(worst, severity);
    if (severity > 0)
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ",
                          found.value(row, 0), found.value(row, 2));
  }
  if (worst == 0)
    text = fmt::format("stream tables: {}; {}", found.value(1, 2),
                       found.value(0, 2));
  return fmt::format("{}: {}", words.at(static_cast<std::size_t>(worst)),
                     harmless(text));
}

int worst_of(const postgres::text_rows& found) {
  int worst = 0;
  for (std::size_t row = 0; row < found.rows.size(); ++row)
    worst = std::max(worst, severity_of(found.value(row, 1)));
  return worst;
}

result<postgres::text_rows> look(const database_options& options, console& c) {
  auto db = open_there(options, c);
  if (!db)
    return tl::unexpected(std::move(db.error()));
  const auto daemon = answer_of(*db);
  return db->run(checks, {daemon.state, daemon.finding});
}

/// What can't be looked at is not well.
result<void> status(const database_options& options, console& c) {
  const auto found = look(options, c).map_error(explained);
  if (!found) {
    if (c.interrupt().signal() != 0)
      return tl::unexpected(found.error());
    c.error(found.error());
    c.end_with(exit_critical);
    return {};
  }
  const auto format = format_of(options.format);
  if (format == output_format::table)
    c.result_text(summary_of(*found) + "\n\n");
  c.result_of(*found, format);
  c.end_with(worst_of(*found));
  return {};
}

} // namespace

void add_status(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<database_options>();
  auto& command = *parent.add_subcommand(
    "status", "Says in one line and a table whether all is well. Exit status: "
              "0 well, 1 warning, 2 critical or not to be found out.");
  add_database_options(command, *options);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return status(*options, c); };
  });
}

} // namespace pgtrickle::ctl
