#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct restore_options {
  database_options database;
  std::string name;
  std::string snapshot;
  bool is_agreed = false;
};

result<void> restore(const restore_options& options, console& c) {
  return c
    .agree(fmt::format("replace the rows of {} by those of {}", options.name,
                       options.snapshot),
           options.is_agreed)
    .and_then([&] {
      return run_watched(options.database, c, {"restore", options.snapshot},
                         "SELECT pgtrickle.restore_from_snapshot($1::text,"
                         " $2::text)",
                         {options.name, options.snapshot});
    })
    .map([&](const auto&) {
      c.message(
        fmt::format("{} is restored from {}", options.name, options.snapshot));
    });
}

} // namespace

void add_snapshot_restore(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<restore_options>();
  auto& command = *parent.add_subcommand(
    "restore", "Gives a stream table the rows of a snapshot.");
  command.add_option("stream-table", options->name, "The stream table.")
    ->required()
    ->type_name("NAME");
  command.add_option("snapshot", options->snapshot, "The snapshot's table.")
    ->required()
    ->type_name("NAME");
  add_yes_flag(command, options->is_agreed);
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return restore(*options, c); };
  });
}

} // namespace pgtrickle::ctl
