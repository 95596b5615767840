#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"
#include "services/snapshot_transfer/file_target.hpp"
#include "services/snapshot_transfer/table_source.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <unistd.h>

namespace pgtrickle::ctl {

namespace {

constexpr std::string_view standard_output = "-";

struct export_options {
  std::string name;
  std::string from;
  std::string output;
  std::int64_t blocks = 2048;
  transfer_settings transfer;
};

/// A file of the current folder, whatever the name consists of.
std::string file_for(std::string name) {
  for (char& c : name)
    if (std::string_view{"/\\\"' *?$"}.find(c) != std::string_view::npos
        || static_cast<unsigned char>(c) < 0x20)
      c = '_';
  return name + ".snapshot.zst";
}

void show_file(const snapshot_transfer::transfer_report& report,
               const export_options& options, console& c) {
  c.result_of({{{"file", type_text},
                {"row_count", type_bigint},
                {"bytes_sent", type_bigint},
                {"content_hash", type_text}},
               {{report.target, std::to_string(report.row_count),
                 std::to_string(report.bytes), report.content_hash}}},
              format_of(options.transfer.format));
}

result<void> export_file(const export_options& options, console& c) {
  const bool is_file = options.output != standard_output;
  if (!is_file && ::isatty(STDOUT_FILENO) == 1)
    return fail(errc::invalid_argument,
                "standard output is a terminal, and the file is binary",
                "Redirect it, or name a file by --output.");
  const auto file
    = options.output.empty() ? file_for(options.name) : options.output;
  snapshot_transfer::table_source source{client_options_of(options.from, c),
                                         options.name, options.blocks};
  snapshot_transfer::file_target target{file};
  return run_transfer(source, target, options.transfer, c,
                      "The unfinished file is removed; the same command begins "
                      "anew.")
    .map([&](const auto& report) {
      if (is_file)
        show_file(report, options, c);
    });
}

} // namespace

void add_snapshot_export(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<export_options>();
  auto& command = *parent.add_subcommand(
    "export", "Writes a snapshot to a compressed file, which import loads.");
  add_source_options(command, options->name, options->from);
  command
    .add_option("-o,--output", options->output,
                "Names the file, which must not exist yet; - is standard "
                "output. Without it the file is NAME.snapshot.zst in the "
                "current folder.")
    ->type_name("FILE");
  add_blocks_option(command, options->blocks);
  add_transfer_settings(command, options->transfer, "-f,--format");
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return export_file(*options, c); };
  });
}

} // namespace pgtrickle::ctl
