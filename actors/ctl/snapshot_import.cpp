#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"
#include "services/snapshot_transfer/file_source.hpp"
#include "services/snapshot_transfer/table_target.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct import_options {
  std::string file;
  std::string to;
  std::string as;
  bool restart = false;
  transfer_settings transfer;
};

result<void> import_file(const import_options& options, console& c) {
  snapshot_transfer::file_source source{options.file};
  snapshot_transfer::table_target target{client_options_of(options.to, c),
                                         options.as, options.restart};
  return run_transfer(source, target, options.transfer, c,
                      "Run the same command again to go on where it stopped.")
    .map([&](const auto& report) { show_report(report, options.transfer, c); });
}

} // namespace

void add_snapshot_import(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<import_options>();
  auto& command = *parent.add_subcommand(
    "import", "Loads a snapshot from a file that export has written. The same "
              "command again goes on where it stopped.");
  command.add_option("file", options->file, "The file.")
    ->required()
    ->type_name("FILE");
  command
    .add_option("--to", options->to,
                "Says which database is to have the snapshot: a libpq "
                "connection string, a URI or a name.")
    ->required()
    ->type_name("CONNINFO");
  add_target_options(command, options->as, options->restart);
  add_transfer_settings(command, options->transfer);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return import_file(*options, c); };
  });
}

} // namespace pgtrickle::ctl
