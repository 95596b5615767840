#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct list_options {
  database_options database;
  postgres::text_value name;
};

/// A person has no use for the frontier, and it would fill the screen.
constexpr auto for_people
  = "SELECT snapshot_table, stream_table, date_trunc('second', created_at) AS "
    "created_at,"
    " row_count, pg_size_pretty(size_bytes) AS size, content_hash, resumable,"
    " reason FROM pgtrickle.list_snapshots($1::text)";
constexpr auto for_programs
  = "SELECT * FROM pgtrickle.list_snapshots($1::text)";

result<void> list(const list_options& options, console& c) {
  const auto format = format_of(options.database.format);
  return run_there(options.database, c,
                   format == output_format::table ? for_people : for_programs,
                   {options.name})
    .map([&](const auto& found) { c.result_of(found, format); });
}

} // namespace

void add_snapshot_list(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<list_options>();
  auto& command = *parent.add_subcommand(
    "list", "Lists the snapshots of a database, or of one stream table.");
  add_stream_table_or_all(command, options->name);
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return list(*options, c); };
  });
}

} // namespace pgtrickle::ctl
