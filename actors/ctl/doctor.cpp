#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace pgtrickle::ctl {

namespace {

struct doctor_options {
  database_options database;
  std::string patience = "1 minute";
};

constexpr auto found_by_sql
  = "SELECT check_name, severity, object, problem, remedy"
    " FROM pgtrickle.doctor($1::interval)";
constexpr auto daemons = "SET statement_timeout = '10s';"
                         " SELECT node, version, state, pgtrickle.version()"
                         " FROM pgtrickle.cluster_nodes()";

using rows = postgres::text_rows;

void find_without_daemon(rows& found, const failure& reason) {
  found.rows.insert(
    found.rows.begin(),
    {"daemon", "critical", "this database", reason.message,
     reason.hint.empty() ? "Start pgtrickled, or see its log." : reason.hint});
}

void find_drained(rows& found, const rows& nodes, std::size_t n) {
  found.rows.push_back(
    {"daemon", "warning", nodes.value(n, 0),
     fmt::format("the node is {}", nodes.value(n, 2)),
     fmt::format("SELECT pgtrickle.undrain_node('{}')", nodes.value(n, 0))});
}

/// Daemon, extension and this program are to be of one version.
void find_skew(rows& found, const rows& nodes) {
  for (std::size_t n = 0; n < nodes.rows.size(); ++n) {
    const auto& state = nodes.value(n, 2);
    if (state == "draining" || state == "drained")
      find_drained(found, nodes, n);
    if (state != "down" && nodes.value(n, 1) != nodes.value(n, 3))
      found.rows.push_back(
        {"version", "critical", nodes.value(n, 0),
         fmt::format("the daemon is of version {}, the extension of {}",
                     nodes.value(n, 1), nodes.value(n, 3)),
         "Install the same version of both, and start the daemon anew."});
  }
  if (!nodes.rows.empty() && nodes.value(0, 3) != PGTRICKLE_VERSION)
    found.rows.push_back({"version", "warning", "pgtricklectl",
                          fmt::format("it is of version " PGTRICKLE_VERSION
                                      ", the extension of {}",
                                      nodes.value(0, 3)),
                          "Use the pgtricklectl of the extension's version."});
}

/// Of a database whose extension is older than doctor().
constexpr auto old_extension
  = "SELECT 'version' AS check_name, 'critical' AS severity,"
    " 'extension pg_trickle' AS object, format('it is of version %s, this"
    " program of %s', e.extversion, $1::text) AS problem,"
    " 'ALTER EXTENSION pg_trickle UPDATE' AS remedy"
    " FROM pg_extension e WHERE e.extname = 'pg_trickle'"
    " AND e.extversion <> $1::text";

result<rows> found_by(postgres::client& db, const std::string& patience) {
  auto found = db.run(found_by_sql, {patience});
  if (found || found.error().sqlstate != "42883")
    return found;
  auto old = db.run(old_extension, {PGTRICKLE_VERSION});
  return old && !old->rows.empty() ? old : found;
}

result<rows> examine(const doctor_options& options, console& c) {
  auto db = open_there(options.database, c);
  if (!db)
    return tl::unexpected(std::move(db.error()));
  auto found = found_by(*db, options.patience).map_error(explained);
  if (!found)
    return found;
  const auto nodes = db->run(daemons);
  if (nodes)
    find_skew(*found, *nodes);
  else if (nodes.error().code == errc::cancelled && c.interrupt().signal() != 0)
    return nodes;
  else
    find_without_daemon(*found, nodes.error());
  return found;
}

/// A problem and its remedy in lines of their own: the remedy is to be copied.
std::string for_people(const rows& found, bool has_colour) {
  std::string text;
  for (std::size_t n = 0; n < found.rows.size(); ++n) {
    const auto& severity = found.value(n, 1);
    text += fmt::format("{}: {}: {}: {}\n",
                        has_colour ? coloured(severity) : severity,
                        found.value(n, 0), harmless(found.value(n, 2)),
                        harmless(found.value(n, 3)));
    if (!found.value(n, 4).empty())
      text += fmt::format("    {}\n", harmless(found.value(n, 4)));
  }
  return text.empty() ? "ok: nothing is out of order\n" : text;
}

result<void> doctor(const doctor_options& options, console& c) {
  return examine(options, c).map([&](const auto& found) {
    const auto format = format_of(options.database.format);
    if (format == output_format::table)
      c.result_text(for_people(found, c.has_colour()));
    else
      c.result_of(found, format);
    c.end_with(found.rows.empty() ? EXIT_SUCCESS : EXIT_FAILURE);
  });
}

} // namespace

void add_doctor(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<doctor_options>();
  auto& command = *parent.add_subcommand(
    "doctor", "Finds what is out of order: missing triggers and grants, "
              "orphans, versions that don't fit, what holds refreshes up; each "
              "with the statement that puts it right. Exit status: 0 nothing, "
              "1 something. For members of pg_monitor.");
  command
    .add_option("--patience", options->patience,
                "Says for how long a lock or a transaction may last.")
    ->type_name("INTERVAL")
    ->capture_default_str();
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return doctor(*options, c); };
  });
}

} // namespace pgtrickle::ctl
