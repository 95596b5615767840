#include "actors/ctl/commands.hpp"
#include "actors/ctl/definition_options.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct create_options {
  database_options database;
  std::string name;
  query_options query;
  std::string schedule = "1m";
  std::string mode = "AUTO";
  bool is_empty = false;
  bool may_exist = false;
};

result<void> create(const create_options& options, console& c) {
  return query_of(options.query)
    .and_then([&](const postgres::text_value& query)
                -> result<postgres::text_rows> {
      if (!query)
        return fail(errc::invalid_argument, "there is no query",
                    "Give the query, or name a file by --file.");
      return run_there(
        options.database, c,
        fmt::format("SELECT pgtrickle.create_stream_table{}($1::text, $2::text,"
                    " $3::text, $4::text, $5::boolean)",
                    options.may_exist ? "_if_not_exists" : ""),
        {options.name, query, options.schedule, options.mode,
         options.is_empty ? "f" : "t"});
    })
    .map([&](const auto&) {
      c.message(fmt::format("{} is there", options.name));
    });
}

} // namespace

void add_create(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<create_options>();
  auto& command
    = *parent.add_subcommand("create", "Creates a stream table and fills it.");
  add_stream_table(command, options->name);
  add_query_options(command, options->query, true);
  command
    .add_option(
      "--schedule", options->schedule,
      "Says how old its rows may be (5s, 1h30m), when it is refreshed "
      "(a cron expression), or calculated.")
    ->type_name("SCHEDULE")
    ->capture_default_str();
  add_mode_option(command, options->mode);
  command.add_flag("--no-fill", options->is_empty,
                   "Leaves the first fill to the scheduler.");
  command.add_flag("--if-not-exists", options->may_exist,
                   "Changes nothing if there is a stream table of that name.");
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return create(*options, c); };
  });
}

} // namespace pgtrickle::ctl
