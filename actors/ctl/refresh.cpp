#include "actors/ctl/commands.hpp"
#include "actors/ctl/elapsed_line.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace pgtrickle::ctl {

namespace {

using namespace std::chrono_literals;

struct refresh_options {
  database_options database;
  std::vector<std::string> names;
  bool is_waiting = false;
};

constexpr auto what_came
  = "SELECT pgtrickle._relation_name(t.pgt_relid) AS stream_table, h.action,"
    " h.status, h.rows_inserted, h.rows_deleted, h.delta_row_count,"
    " round(h.duration_ms::numeric, 3) AS duration_ms, t.data_timestamp"
    " FROM pgtrickle.pgt_stream_tables t LEFT JOIN LATERAL"
    " pgtrickle.get_refresh_history($1::text, 1) h ON true"
    " WHERE t.pgt_id = pgtrickle._stream_table_id($1::text)";

/// What passes by itself: a lock, a conflict, a daemon that is not there or has
/// too much to do.
bool passes(const failure& reason) {
  static const std::set<std::string, std::less<>> states{
    "55P03", "40001", "40P01", "08001", "08006", "53000", "53300", "57P03"};
  return states.contains(reason.state());
}

result<postgres::text_rows> attempt(const refresh_options& options, console& c,
                                    const std::string& name) {
  auto db = open_there(options.database, c);
  if (!db)
    return tl::unexpected(std::move(db.error()));
  return db->run("SELECT pgtrickle.refresh_stream_table($1::text)", {name})
    .and_then([&](const auto&) { return db->run(what_came, {name}); });
}

result<postgres::text_rows> refresh_one(const refresh_options& options,
                                        console& c, const std::string& name) {
  const elapsed_line line{c, "refreshing " + harmless(name)};
  auto pause = 500ms;
  std::string told;
  for (;;) {
    auto done = attempt(options, c, name);
    if (done || !options.is_waiting || !passes(done.error()))
      return done;
    if (std::exchange(told, done.error().message) != told)
      c.message(told + ", trying again");
    if (c.is_interrupted_within(pause))
      return fail(errc::cancelled, "interrupted");
    pause = std::min(2 * pause, 10'000ms);
  }
}

result<void> refresh(const refresh_options& options, console& c) {
  postgres::text_rows all;
  for (const auto& name : options.names) {
    auto done = refresh_one(options, c, name).map_error(explained);
    if (!done)
      return tl::unexpected(std::move(done.error()));
    all.columns = done->columns;
    all.rows.insert(all.rows.end(), done->rows.begin(), done->rows.end());
  }
  c.result_of(all, format_of(options.database.format));
  return {};
}

} // namespace

void add_refresh(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<refresh_options>();
  auto& command = *parent.add_subcommand(
    "refresh", "Refreshes stream tables one after the other, and says what "
               "came of it.");
  command.add_option("stream-table", options->names, "The stream tables.")
    ->required()
    ->type_name("NAME");
  command.add_flag("--wait", options->is_waiting,
                   "Tries again, later and later, while a lock, a missing "
                   "daemon or another refresh is in the way.");
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return refresh(*options, c); };
  });
}

} // namespace pgtrickle::ctl
