#include "actors/ctl/commands.hpp"
#include "actors/ctl/definition_options.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace pgtrickle::ctl {

namespace {

struct alter_options {
  database_options database;
  std::string name;
  query_options query;
  std::string schedule;
  std::string mode;
  std::string target_lag;
  std::string snapshot_schedule;
  int snapshot_keep = 0;
};

constexpr auto changing
  = "SELECT pgtrickle.alter_stream_table($1::text, query => $2::text,"
    " schedule => $3::text, refresh_mode => $4::text,"
    " snapshot_schedule => $5::text, snapshot_keep => $6::integer)";
constexpr auto setting_target
  = "SELECT pgtrickle.set_stream_table_sla($1::text, $2::interval)";

postgres::text_value if_given(const std::string& text) {
  return text.empty() ? postgres::text_value{} : text;
}

/// Every call by itself: they are refused or deferred in a transaction block.
result<void> carry_out(const alter_options& options,
                       const postgres::text_value& query, console& c) {
  std::vector<postgres::text_value> changes{
    options.name,
    query,
    if_given(options.schedule),
    if_given(options.mode),
    if_given(options.snapshot_schedule),
    options.snapshot_keep == 0 ? postgres::text_value{}
                               : std::to_string(options.snapshot_keep)};
  const bool has_changes
    = std::any_of(changes.begin() + 1, changes.end(),
                  [](const auto& value) { return value.has_value(); });
  if (!has_changes && options.target_lag.empty())
    return fail(errc::invalid_argument, "there is nothing to change",
                "Say what to change; --help lists it.");
  if (has_changes)
    if (auto done = run_there(options.database, c, changing, changes); !done)
      return tl::unexpected(std::move(done.error()));
  if (!options.target_lag.empty()) {
    const auto target = options.target_lag == "none" ? postgres::text_value{}
                                                     : options.target_lag;
    if (auto done = run_there(options.database, c, setting_target,
                              {options.name, target});
        !done)
      return tl::unexpected(std::move(done.error()));
  }
  c.message(fmt::format("{} is altered", options.name));
  return {};
}

} // namespace

void add_alter(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<alter_options>();
  auto& command = *parent.add_subcommand(
    "alter", "Changes the definition of a stream table: what is given.");
  add_stream_table(command, options->name);
  add_query_options(command, options->query, false);
  command
    .add_option("--schedule", options->schedule,
                "Gives it another schedule: 5s, a cron expression, calculated.")
    ->type_name("SCHEDULE");
  add_mode_option(command, options->mode);
  command
    .add_option("--target-lag", options->target_lag,
                "Sets how old its rows may be at worst, as an interval; none "
                "takes the target away.")
    ->type_name("INTERVAL");
  command
    .add_option("--snapshot-schedule", options->snapshot_schedule,
                "Takes snapshots by this schedule; none ends that.")
    ->type_name("SCHEDULE");
  command
    .add_option("--snapshot-keep", options->snapshot_keep,
                "Sets how many of those snapshots are kept.")
    ->check(CLI::Range(1, 100000))
    ->type_name("NUMBER");
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) {
      return query_of(options->query).and_then([&](const auto& query) {
        return carry_out(*options, query, c);
      });
    };
  });
}

} // namespace pgtrickle::ctl
