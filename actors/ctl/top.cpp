#include "actors/ctl/commands.hpp"
#include "actors/ctl/screen.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <unistd.h>

namespace pgtrickle::ctl {

namespace {

struct top_options {
  database_options database;
  double interval = 1;
};

constexpr auto tables = R"(
SELECT s.name, s.status, coalesce(s.effective_refresh_mode, s.refresh_mode) AS mode, s.schedule,
       date_trunc('milliseconds', s.staleness) AS lag,
       make_interval(secs => t.freshness_deadline_ms / 1000.0) AS target,
       date_trunc('second', clock_timestamp() - h.start_time) AS last_refresh, h.action,
       round((extract(epoch FROM h.end_time - h.start_time) * 1000)::numeric, 1) AS duration_ms,
       h.rows_inserted AS inserted, h.rows_deleted AS deleted
FROM pgtrickle.pgt_status() s
JOIN pgtrickle.pgt_stream_tables t ON pgtrickle._relation_name(t.pgt_relid) = s.name
LEFT JOIN LATERAL (
  SELECT * FROM pgtrickle.pgt_refresh_history r WHERE r.pgt_id = t.pgt_id
  ORDER BY r.start_time DESC LIMIT 1) h ON true
ORDER BY s.status = 'ERROR' DESC, s.staleness DESC NULLS LAST, s.name)";

constexpr auto summary = R"(
SELECT format('pgtrickle  %s  %s  %s stream tables, %s ACTIVE, %s refreshes in the last minute, %s failed',
              current_database(), date_trunc('second', clock_timestamp()),
              (SELECT count(*) FROM pgtrickle.pgt_stream_tables),
              (SELECT count(*) FROM pgtrickle.pgt_stream_tables WHERE status = 'ACTIVE'),
              count(*), count(*) FILTER (WHERE status = 'FAILED'))
FROM pgtrickle.pgt_refresh_history
WHERE start_time > clock_timestamp() - interval '1 minute')";

/// A frame, whether or not the database answers; `db` is opened again then.
std::string next_frame(std::optional<postgres::client>& db,
                       const top_options& options, console& c) {
  const auto failed = [&](const failure& reason) {
    db.reset();
    return frame_of(harmless(reason.message) + "\n\nq quits", {},
                    screen::size(), false);
  };
  if (!db) {
    auto opened = open_there(options.database, c);
    if (!opened)
      return failed(opened.error());
    db = std::move(*opened);
  }
  const auto headline = db->run(summary);
  if (!headline)
    return failed(explained(headline.error()));
  const auto rows = db->run(tables);
  if (!rows)
    return failed(explained(rows.error()));
  return frame_of(harmless(headline->value(0, 0)) + "  (q quits)", *rows,
                  screen::size(), c.has_colour());
}

result<void> top(const top_options& options, console& c) {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1)
    return fail(errc::invalid_argument, "top needs a terminal",
                "Use list or status instead.");
  auto first = open_there(options.database, c);
  if (!first)
    return tl::unexpected(std::move(first.error()));
  std::optional<postgres::client> db{std::move(*first)};
  const std::chrono::milliseconds period{
    static_cast<int>(options.interval * 1000)};
  const screen whole;
  for (;;) {
    screen::draw(next_frame(db, options, c));
    if (c.is_interrupted_within(period, STDIN_FILENO))
      return {};
    while (const char key = screen::key())
      if (key == 'q' || key == 'Q')
        return {};
  }
}

} // namespace

void add_top(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<top_options>();
  auto& command = *parent.add_subcommand(
    "top", "Shows the stream tables live, those furthest behind first. q and "
           "Ctrl-C end it.");
  command
    .add_option("--interval", options->interval,
                "Sets the seconds between two looks.")
    ->check(CLI::Range(0.1, 3600.0))
    ->type_name("SECONDS")
    ->capture_default_str();
  command
    .add_option("-d,--dbname", options->database.conninfo,
                "Says which database to connect to: a libpq connection string, "
                "a URI or a name.")
    ->type_name("CONNINFO");
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return top(*options, c); };
  });
}

} // namespace pgtrickle::ctl
