#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"
#include "services/snapshot_transfer/table_source.hpp"
#include "services/snapshot_transfer/table_target.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct copy_options {
  std::string name;
  std::string from;
  std::string to;
  std::string as;
  bool restart = false;
  std::int64_t blocks = 2048;
  transfer_settings transfer;
};

result<void> copy(const copy_options& options, console& c) {
  snapshot_transfer::table_source source{client_options_of(options.from, c),
                                         options.name, options.blocks};
  snapshot_transfer::table_target target{client_options_of(options.to, c),
                                         options.as, options.restart};
  return run_transfer(source, target, options.transfer, c,
                      "Run the same command again to go on where it stopped.")
    .map([&](const auto& report) { show_report(report, options.transfer, c); });
}

} // namespace

void add_snapshot_copy(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<copy_options>();
  auto& command = *parent.add_subcommand(
    "copy", "Copies a snapshot into another database or cluster. The same "
            "command again goes on where it stopped.");
  add_source_options(command, options->name, options->from);
  command.add_option("--to", options->to, "Says which database is to have it.")
    ->required()
    ->type_name("CONNINFO");
  add_target_options(command, options->as, options->restart);
  add_blocks_option(command, options->blocks);
  add_transfer_settings(command, options->transfer);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return copy(*options, c); };
  });
}

} // namespace pgtrickle::ctl
