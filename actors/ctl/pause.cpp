#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace pgtrickle::ctl {

namespace {

struct pause_options {
  database_options database;
  std::vector<std::string> names;
};

constexpr auto pausing
  = "SELECT pgtrickle.alter_stream_table($1::text, status => 'SUSPENDED')";
constexpr auto resuming = "SELECT pgtrickle.resume_stream_table($1::text)";

/// Goes on behind one that fails, and has the program fail in the end.
result<void> for_each(const pause_options& options, console& c,
                      const char* statement, const char* what_came) {
  for (const auto& name : options.names) {
    auto done = run_there(options.database, c, statement, {name});
    if (done)
      c.message(fmt::format("{} {}", name, what_came));
    else if (done.error().code == errc::cancelled || options.names.size() == 1)
      return tl::unexpected(std::move(done.error()));
    else {
      c.error(done.error());
      c.end_with(EXIT_FAILURE);
    }
  }
  return {};
}

void add_names(CLI::App& command, pause_options& options) {
  command.add_option("stream-table", options.names, "The stream tables.")
    ->required()
    ->type_name("NAME");
  add_database_options(command, options.database);
}

} // namespace

void add_pause(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<pause_options>();
  auto& command = *parent.add_subcommand(
    "pause", "Suspends stream tables: they are not refreshed until resume.");
  add_names(command, *options);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) {
      return for_each(*options, c, pausing, "is paused");
    };
  });
}

void add_resume(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<pause_options>();
  auto& command = *parent.add_subcommand(
    "resume", "Puts suspended stream tables, and those that failed too often, "
              "back on schedule.");
  add_names(command, *options);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) {
      return for_each(*options, c, resuming, "is back on schedule");
    };
  });
}

} // namespace pgtrickle::ctl
