#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <sstream>

namespace pgtrickle::ctl {

namespace {

struct show_options {
  database_options database;
  std::string name;
};

constexpr auto status_of
  = "SELECT s.* FROM pgtrickle.pgt_status() s JOIN pgtrickle.pgt_stream_tables"
    " t ON pgtrickle._relation_name(t.pgt_relid) = s.name"
    " WHERE t.pgt_id = pgtrickle._stream_table_id($1::text)";
/// What refreshes consist of fills many screens, and some is in the status too.
constexpr auto explanation_of
  = "SELECT property, value FROM pgtrickle.explain_st($1::text)"
    " WHERE property NOT IN ('refresh_function', 'frontier',"
    " 'stream_table', 'status', 'schedule', 'staleness_seconds',"
    " 'refresh_mode', 'effective_refresh_mode') AND value <> ''";
constexpr auto sources_of
  = "SELECT pgtrickle._relation_name(d.source_relid) AS reads, d.source_type AS"
    " type, s.status FROM pgtrickle.pgt_dependencies d LEFT JOIN"
    " pgtrickle.pgt_stream_tables s ON s.pgt_relid = d.source_relid"
    " WHERE d.pgt_id = pgtrickle._stream_table_id($1::text) ORDER BY 1";
constexpr auto history_of
  = "SELECT date_trunc('milliseconds', start_time) AS start_time, action,"
    " status, rows_inserted, rows_deleted, delta_row_count AS changes,"
    " round(duration_ms::numeric, 1) AS duration_ms, initiated_by,"
    " coalesce(error_message, reason) AS reason"
    " FROM pgtrickle.get_refresh_history($1::text, 5)";
constexpr auto all_in_one
  = "SELECT s.*, (SELECT jsonb_object_agg(e.property, e.value) FROM"
    " pgtrickle.explain_st($1::text) e) AS explanation,"
    " (SELECT jsonb_agg(jsonb_build_object('name',"
    " pgtrickle._relation_name(d.source_relid), 'type', d.source_type))"
    " FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = t.pgt_id) AS sources,"
    " (SELECT jsonb_agg(to_jsonb(h)) FROM"
    " pgtrickle.get_refresh_history($1::text, 20) h) AS refreshes"
    " FROM pgtrickle.pgt_status() s JOIN pgtrickle.pgt_stream_tables t"
    " ON pgtrickle._relation_name(t.pgt_relid) = s.name"
    " WHERE t.pgt_id = pgtrickle._stream_table_id($1::text)";

std::string indented(const std::string& value) {
  std::string text;
  std::istringstream lines{value};
  for (std::string line; std::getline(lines, line);)
    text += (text.empty() ? "" : "\n    ") + harmless(line);
  return text;
}

/// Each column of the first row in a line of its own.
std::string upright(const postgres::text_rows& rows, bool has_colour) {
  std::string text;
  for (std::size_t c = 0; c < rows.columns.size() && !rows.rows.empty(); ++c)
    if (rows.rows[0][c]) {
      const auto value = indented(rows.value(0, c));
      text += fmt::format("{}: {}\n", rows.columns[c].name,
                          has_colour ? coloured(value) : value);
    }
  return text;
}

std::string explained_text(const postgres::text_rows& rows) {
  std::string text;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const auto& value = rows.value(row, 1);
    const auto* separator
      = value.find('\n') == std::string::npos ? ": " : ":\n    ";
    text += rows.value(row, 0) + separator + indented(value) + '\n';
  }
  return text;
}

/// What only the owner may ask is left out for others, and they are told.
result<std::string> for_people(postgres::client& db, const std::string& name,
                               console& c) {
  const auto status = db.run(status_of, {name});
  if (!status)
    return tl::unexpected(status.error());
  auto text = upright(*status, c.has_colour());
  const auto explanation = db.run(explanation_of, {name});
  if (explanation)
    text += explained_text(*explanation);
  else
    c.error(explanation.error());
  for (const auto* statement : {sources_of, history_of}) {
    const auto rows = db.run(statement, {name});
    if (!rows)
      return tl::unexpected(rows.error());
    text += '\n' + rendered(*rows, output_format::table, c.has_colour());
  }
  return text;
}

result<void> show(const show_options& options, console& c) {
  const auto format = format_of(options.database.format);
  if (format != output_format::table)
    return run_there(options.database, c, all_in_one, {options.name})
      .map([&](const auto& found) { c.result_of(found, format); });
  return open_there(options.database, c)
    .and_then([&](auto&& db) { return for_people(db, options.name, c); })
    .map([&](const auto& text) { c.result_text(text); })
    .map_error(explained);
}

} // namespace

void add_show(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<show_options>();
  auto& command = *parent.add_subcommand(
    "show", "Shows one stream table: its state, how it is refreshed and why, "
            "what it reads and its last refreshes.");
  add_stream_table(command, options->name);
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return show(*options, c); };
  });
}

} // namespace pgtrickle::ctl
