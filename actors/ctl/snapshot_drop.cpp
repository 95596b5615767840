#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct drop_options {
  database_options database;
  std::string snapshot;
  bool is_agreed = false;
};

result<void> drop(const drop_options& options, console& c) {
  return c
    .agree(fmt::format("drop the snapshot {}", options.snapshot),
           options.is_agreed)
    .and_then([&] {
      return run_there(options.database, c,
                       "SELECT pgtrickle.drop_snapshot($1::text)",
                       {options.snapshot});
    })
    .map([&](const auto&) {
      c.message(fmt::format("{} is dropped", options.snapshot));
    });
}

} // namespace

void add_snapshot_drop(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<drop_options>();
  auto& command = *parent.add_subcommand("drop", "Drops a snapshot.");
  command.add_option("snapshot", options->snapshot, "The snapshot's table.")
    ->required()
    ->type_name("NAME");
  add_yes_flag(command, options->is_agreed);
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return drop(*options, c); };
  });
}

} // namespace pgtrickle::ctl
