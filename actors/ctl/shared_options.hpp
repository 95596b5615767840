#pragma once

#include "actors/ctl/console.hpp"
#include "actors/ctl/progress_watch.hpp"
#include "services/snapshot_transfer/transfer.hpp"

#include <cstdint>
#include <string>

namespace CLI {
class App;
} // namespace CLI

namespace pgtrickle::ctl {

/// What several commands take.
struct database_options {
  std::string conninfo;
  std::string format = "table";
};

/// How the option is called that says how results are written.
inline constexpr auto format_names = "-o,--output,-f,--format";

/// --dbname and --output.
void add_database_options(CLI::App& command, database_options& options,
                          const char* names = format_names);

/// How results are written.
void add_format_option(CLI::App& command, std::string& format,
                       const char* names = format_names);

/// The stream table that a command is about.
void add_stream_table(CLI::App& command, std::string& name);

/// The stream table that a command is about, or absent.
void add_stream_table_or_all(CLI::App& command, postgres::text_value& name);

/// --yes
void add_yes_flag(CLI::App& command, bool& is_agreed);

/// Connects as `conninfo` says, for a command of `c`.
[[nodiscard]] postgres::client_options
client_options_of(const std::string& conninfo, console& c);

/// A session in the database of `options`.
[[nodiscard]] result<postgres::client>
open_there(const database_options& options, console& c);

/// The same failure, with a hint if it is one of a database without the
/// extension, or with an old one.
[[nodiscard]] failure explained(failure reason);

/// Runs one statement in the database of `options`.
[[nodiscard]] result<postgres::text_rows>
run_there(const database_options& options, console& c,
          const std::string& statement,
          const std::vector<postgres::text_value>& parameters);

/// The same for a call that takes its time: meanwhile the
/// terminal shows what pgtrickle.snapshot_progress() says of it.
[[nodiscard]] result<postgres::text_rows>
run_watched(const database_options& options, console& c,
            const watched_work& work, const std::string& statement,
            const std::vector<postgres::text_value>& parameters);

/// What every transfer takes.
struct transfer_settings {
  int retries = 10;
  std::string format = "table";
};

/// --retries, and how results are written.
void add_transfer_settings(CLI::App& command, transfer_settings& settings,
                           const char* names = format_names);

/// --piece-blocks
void add_blocks_option(CLI::App& command, std::int64_t& blocks);

/// NAME and --from: which snapshot, and the database that has it.
void add_source_options(CLI::App& command, std::string& name,
                        std::string& from);

/// --as and --restart: where the snapshot goes in a database.
void add_target_options(CLI::App& command, std::string& as, bool& restart);

/// Transfers, and says how it goes. `to_continue` is the hint after Ctrl-C.
[[nodiscard]] result<snapshot_transfer::transfer_report>
run_transfer(snapshot_transfer::row_source& source,
             snapshot_transfer::row_target& target,
             const transfer_settings& settings, console& c,
             const std::string& to_continue);

/// What came of a transfer into a database.
void show_report(const snapshot_transfer::transfer_report& report,
                 const transfer_settings& settings, console& c);

} // namespace pgtrickle::ctl
