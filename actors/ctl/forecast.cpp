#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct forecast_options {
  database_options database;
  std::string name;
  std::string horizon = "1 day";
};

constexpr auto for_people
  = "SELECT slot_start, round(changes::numeric, 1) AS changes,"
    " format('%s .. %s', round(changes_low_95::numeric, 1),"
    " round(changes_high_95::numeric, 1)) AS changes_95,"
    " round(refresh_ms::numeric, 1) AS refresh_ms,"
    " format('%s .. %s', round(refresh_ms_low_95::numeric, 1),"
    " round(refresh_ms_high_95::numeric, 1)) AS refresh_ms_95,"
    " round(lag_ms::numeric, 1) AS lag_ms,"
    " format('%s .. %s', round(lag_ms_low_95::numeric, 1),"
    " round(lag_ms_high_95::numeric, 1)) AS lag_ms_95"
    " FROM pgtrickle.forecast($1::text, $2::interval)";
constexpr auto for_programs
  = "SELECT * FROM pgtrickle.forecast($1::text, $2::interval)";

result<void> forecast(const forecast_options& options, console& c) {
  const auto format = format_of(options.database.format);
  return run_there(options.database, c,
                   format == output_format::table ? for_people : for_programs,
                   {options.name, options.horizon})
    .map([&](const auto& found) {
      c.result_of(found, format);
      if (found.rows.empty())
        c.message(fmt::format("{} has too little history", options.name));
    });
}

} // namespace

void add_forecast(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<forecast_options>();
  auto& command = *parent.add_subcommand(
    "forecast", "Shows what is to be expected of a stream table: changes, "
                "duration of a refresh and lag, each with its 95 % band.");
  add_stream_table(command, options->name);
  command
    .add_option("--horizon", options->horizon,
                "Says how far to look ahead, from a second to a year.")
    ->type_name("INTERVAL")
    ->capture_default_str();
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return forecast(*options, c); };
  });
}

} // namespace pgtrickle::ctl
