#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct create_options {
  database_options database;
  std::string name;
  postgres::text_value target;
};

result<void> create(const create_options& options, console& c) {
  return run_watched(
           options.database, c, {"snapshot", options.name},
           "SELECT pgtrickle.snapshot_stream_table($1::text, $2::text)"
           " AS snapshot_table",
           {options.name, options.target})
    .map([&](const auto& made) {
      c.result_of(made, format_of(options.database.format));
    });
}

} // namespace

void add_snapshot_create(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<create_options>();
  auto& command = *parent.add_subcommand(
    "create", "Takes a snapshot of a stream table, and says its name.");
  command.add_option("stream-table", options->name, "The stream table.")
    ->required()
    ->type_name("NAME");
  command
    .add_option_function<std::string>(
      "--target",
      [options](const std::string& given) { options->target = given; },
      "Names the snapshot's table, instead of a name made of the stream "
      "table's and the time.")
    ->type_name("NAME");
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return create(*options, c); };
  });
}

} // namespace pgtrickle::ctl
