#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace pgtrickle::ctl {

namespace {

/// A person has no use for columns that are the same in each row.
constexpr auto for_people
  = "SELECT s.name, s.status, coalesce(s.effective_refresh_mode,"
    " s.refresh_mode) AS mode, s.schedule,"
    " date_trunc('milliseconds', s.staleness) AS staleness,"
    " date_trunc('second', s.data_timestamp) AS data_timestamp,"
    " s.last_error_message AS last_error"
    " FROM pgtrickle.pgt_status() s ORDER BY s.name";
constexpr auto for_programs
  = "SELECT * FROM pgtrickle.pgt_status() ORDER BY name";

result<void> list(const database_options& options, console& c) {
  const auto format = format_of(options.format);
  return run_there(options, c,
                   format == output_format::table ? for_people : for_programs,
                   {})
    .map([&](const auto& found) { c.result_of(found, format); });
}

} // namespace

void add_list(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<database_options>();
  auto& command
    = *parent.add_subcommand("list", "Lists the stream tables of a database.");
  add_database_options(command, *options);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return list(*options, c); };
  });
}

} // namespace pgtrickle::ctl
