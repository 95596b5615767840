#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct drop_options {
  database_options database;
  std::string name;
  bool is_cascading = false;
  bool is_agreed = false;
};

result<void> drop(const drop_options& options, console& c) {
  return c
    .agree(fmt::format(
             "drop the stream table {}{}", harmless(options.name),
             options.is_cascading ? " and the stream tables that read it" : ""),
           options.is_agreed)
    .and_then([&] {
      return run_there(
        options.database, c,
        "SELECT pgtrickle.drop_stream_table($1::text, $2::boolean)",
        {options.name, options.is_cascading ? "t" : "f"});
    })
    .map([&](const auto&) {
      c.message(fmt::format("{} is dropped", options.name));
    });
}

} // namespace

void add_drop(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<drop_options>();
  auto& command = *parent.add_subcommand("drop", "Drops a stream table.");
  add_stream_table(command, options->name);
  command.add_flag("--cascade", options->is_cascading,
                   "Drops the stream tables that read it, too.");
  add_yes_flag(command, options->is_agreed);
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return drop(*options, c); };
  });
}

} // namespace pgtrickle::ctl
