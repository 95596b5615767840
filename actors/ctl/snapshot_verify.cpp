#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct verify_options {
  database_options database;
  std::string snapshot;
};

result<void> verify(const verify_options& options, console& c) {
  const auto found
    = run_watched(options.database, c, {"verify", options.snapshot},
                  "SELECT row_count, content_hash, ok, detail"
                  " FROM pgtrickle.verify_snapshot($1::text)",
                  {options.snapshot});
  if (!found)
    return tl::unexpected(found.error());
  c.result_of(*found, format_of(options.database.format));
  for (std::size_t row = 0; row < found->rows.size(); ++row)
    if (found->value(row, 2) != "t")
      return fail(errc::snapshot_corrupt,
                  fmt::format("the rows of {} are not those of the snapshot",
                              options.snapshot),
                  "Restore from another snapshot.");
  return {};
}

} // namespace

void add_snapshot_verify(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<verify_options>();
  auto& command = *parent.add_subcommand(
    "verify", "Counts and hashes a snapshot's rows; fails unless they are as "
              "they were taken.");
  command.add_option("snapshot", options->snapshot, "The snapshot's table.")
    ->required()
    ->type_name("NAME");
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return verify(*options, c); };
  });
}

} // namespace pgtrickle::ctl
