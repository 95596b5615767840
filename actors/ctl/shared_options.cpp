#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>

namespace pgtrickle::ctl {

namespace {

constexpr auto blocks_at_most = std::int64_t{1} << 20;

} // namespace

void add_format_option(CLI::App& command, std::string& format,
                       const char* names) {
  command
    .add_option(names, format,
                "Writes results as a table, also called pretty, as json or as "
                "tsv.")
    ->check(CLI::IsMember({"table", "json", "tsv", "pretty"}))
    ->type_name("FORMAT")
    ->capture_default_str();
}

void add_stream_table(CLI::App& command, std::string& name) {
  command.add_option("stream-table", name, "The stream table.")
    ->required()
    ->type_name("NAME");
}

void add_stream_table_or_all(CLI::App& command, postgres::text_value& name) {
  command
    .add_option_function<std::string>(
      "stream-table", [&name](const std::string& given) { name = given; },
      "The stream table; without it, all.")
    ->type_name("NAME");
}

void add_database_options(CLI::App& command, database_options& options,
                          const char* names) {
  command
    .add_option("-d,--dbname", options.conninfo,
                "Says which database to connect to: a libpq connection string, "
                "a URI or a name. What it leaves out comes from PGHOST and its "
                "like.")
    ->type_name("CONNINFO");
  add_format_option(command, options.format, names);
}

void add_yes_flag(CLI::App& command, bool& is_agreed) {
  command.add_flag("-y,--yes", is_agreed,
                   "Does not ask first; needed where there is no terminal.");
}

postgres::client_options client_options_of(const std::string& conninfo,
                                           console& c) {
  postgres::client_options options;
  options.conninfo = conninfo;
  options.interrupt_fd = c.interrupt().descriptor();
  options.on_notice = [&c](const std::string& notice) { c.message(notice); };
  return options;
}

result<postgres::client> open_there(const database_options& options,
                                    console& c) {
  auto db = postgres::client::open(client_options_of(options.conninfo, c));
  // Of what only its role may see, a role is shown its own.
  if (db)
    if (auto set = db->run("SET row_security = on"); !set)
      return tl::unexpected(std::move(set.error()));
  return db;
}

failure explained(failure reason) {
  const bool lacks_it
    = reason.sqlstate == "3F000" || reason.sqlstate == "42883"
      || (reason.sqlstate == "42P01"
          && reason.message.find("\"pgtrickle.") != std::string::npos);
  if (lacks_it && reason.hint.empty())
    reason.hint = "The database needs the extension pg_trickle, of the same "
                  "version as this program.";
  return reason;
}

result<postgres::text_rows>
run_there(const database_options& options, console& c,
          const std::string& statement,
          const std::vector<postgres::text_value>& parameters) {
  return open_there(options, c)
    .and_then([&](auto&& db) { return db.run(statement, parameters); })
    .map_error(explained);
}

result<postgres::text_rows>
run_watched(const database_options& options, console& c,
            const watched_work& work, const std::string& statement,
            const std::vector<postgres::text_value>& parameters) {
  const progress_watch watch{client_options_of(options.conninfo, c), c, work};
  return run_there(options, c, statement, parameters);
}

void add_transfer_settings(CLI::App& command, transfer_settings& settings,
                           const char* names) {
  command
    .add_option("--retries", settings.retries,
                "Limits how many attempts in a row may fail after a connection "
                "broke; each waits longer than the one before.")
    ->check(CLI::Range(0, 1000))
    ->type_name("NUMBER")
    ->capture_default_str();
  add_format_option(command, settings.format, names);
}

void add_blocks_option(CLI::App& command, std::int64_t& blocks) {
  command
    .add_option("--piece-blocks", blocks,
                "Sets how many blocks of the snapshot, of 8 kB as a rule, go "
                "into one piece: that much is transferred again after a "
                "connection broke.")
    ->check(CLI::Range(std::int64_t{1}, blocks_at_most))
    ->type_name("NUMBER")
    ->capture_default_str();
}

void add_source_options(CLI::App& command, std::string& name,
                        std::string& from) {
  command.add_option("name", name, "The snapshot's table.")
    ->required()
    ->type_name("NAME");
  command
    .add_option("--from", from,
                "Says which database has the snapshot: a libpq connection "
                "string, a URI or a name.")
    ->required()
    ->type_name("CONNINFO");
}

void add_target_options(CLI::App& command, std::string& as, bool& restart) {
  command
    .add_option("--as", as,
                "Gives the snapshot this name at the target, instead of the "
                "schema and name that it has at the source.")
    ->type_name("NAME");
  command.add_flag("--restart", restart,
                   "Throws away what an earlier run has left unfinished.");
}

result<snapshot_transfer::transfer_report>
run_transfer(snapshot_transfer::row_source& source,
             snapshot_transfer::row_target& target,
             const transfer_settings& settings, console& c,
             const std::string& to_continue) {
  snapshot_transfer::transfer_options options;
  options.retries = settings.retries;
  options.interrupt_fd = c.interrupt().descriptor();
  const snapshot_transfer::transfer_events events{
    [&c](const auto& meter) { c.progress(meter); },
    [&c](const auto& text) { c.message(text); }};
  auto done = snapshot_transfer::transfer(source, target, options, events);
  if (!done && c.interrupt().signal() != 0)
    done.error().hint = to_continue;
  return done;
}

void show_report(const snapshot_transfer::transfer_report& report,
                 const transfer_settings& settings, console& c) {
  const auto truth = [](bool is_so) { return is_so ? "t" : "f"; };
  c.result_of({{{"snapshot_table", type_text},
                {"row_count", type_bigint},
                {"bytes_sent", type_bigint},
                {"content_hash", type_text},
                {"verified", type_bool},
                {"registered", type_bool}},
               {{report.target, std::to_string(report.row_count),
                 std::to_string(report.bytes), report.content_hash,
                 truth(report.is_verified), truth(report.is_registered)}}},
              format_of(settings.format));
  if (!report.remark.empty())
    c.message(report.remark);
}

} // namespace pgtrickle::ctl
