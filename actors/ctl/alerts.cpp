#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <set>

namespace pgtrickle::ctl {

namespace {

using namespace std::chrono_literals;

struct alerts_options {
  database_options database;
  int count = 20;
  bool is_following = false;
};

/// Numbers are given before they are committed: one that comes late may be
/// smaller than the last one shown, but not by more than this.
constexpr std::int64_t overlap = 1000;
constexpr auto period = 500ms;

constexpr auto for_people
  = "SELECT alert_id, date_trunc('second', created_at) AS created_at, event,"
    " stream_table, payload - 'event' - 'stream_table' - 'pgt_id' AS payload"
    " FROM pgtrickle.alerts($1::bigint, $2::integer)";
constexpr auto for_programs
  = "SELECT * FROM pgtrickle.alerts($1::bigint, $2::integer)";

result<postgres::text_rows> alerts_after(postgres::client& db,
                                         const alerts_options& options,
                                         std::int64_t after, int count) {
  const auto is_table
    = format_of(options.database.format) == output_format::table;
  return db
    .run(is_table ? for_people : for_programs,
         {std::to_string(after), std::to_string(count)})
    .map_error(explained);
}

/// Those that were not shown yet.
postgres::text_rows only_new(postgres::text_rows found,
                             std::set<std::int64_t>& shown) {
  std::erase_if(found.rows, [&](const auto& row) {
    return !shown.insert(std::stoll(row[0].value_or("0"))).second;
  });
  while (shown.size() > 2 * static_cast<std::size_t>(overlap))
    shown.erase(shown.begin());
  return found;
}

result<void> follow(postgres::client& db, const alerts_options& options,
                    console& c, std::set<std::int64_t> shown) {
  const auto format = format_of(options.database.format);
  while (!c.is_interrupted_within(period)) {
    const auto last = shown.empty() ? 0 : *shown.rbegin();
    auto found
      = alerts_after(db, options, std::max<std::int64_t>(0, last - overlap),
                     std::numeric_limits<int>::max());
    if (!found)
      return c.interrupt().signal() != 0
               ? result<void>{}
               : tl::unexpected(std::move(found.error()));
    c.result_text(lines_of(only_new(std::move(*found), shown), format));
  }
  return {};
}

result<void> alerts(const alerts_options& options, console& c) {
  auto db = open_there(options.database, c);
  if (!db)
    return tl::unexpected(std::move(db.error()));
  // What came before the oldest that is shown is not to be shown later.
  auto found
    = alerts_after(*db, options, 0,
                   options.is_following
                     ? std::max(options.count, 2 * static_cast<int>(overlap))
                     : options.count);
  if (!found)
    return tl::unexpected(std::move(found.error()));
  const auto format = format_of(options.database.format);
  std::set<std::int64_t> shown;
  auto last = only_new(std::move(*found), shown);
  const auto count = static_cast<std::size_t>(options.count);
  if (last.rows.size() > count)
    last.rows.erase(last.rows.begin(),
                    last.rows.end() - static_cast<std::ptrdiff_t>(count));
  if (!options.is_following) {
    c.result_of(last, format);
    return {};
  }
  c.result_text(lines_of(last, format));
  return follow(*db, options, c, std::move(shown));
}

} // namespace

void add_alerts(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<alerts_options>();
  auto& command = *parent.add_subcommand(
    "alerts", "Shows the last alerts of a database, the latest at the end. For "
              "members of pg_monitor.");
  command.add_flag("-f,--follow", options->is_following,
                   "Goes on with those to come, a line each, until Ctrl-C.");
  command
    .add_option("-n,--lines", options->count,
                "Limits how many of the past are shown.")
    ->check(CLI::Range(0, 100000))
    ->type_name("NUMBER")
    ->capture_default_str();
  add_database_options(command, options->database, "-o,--output,--format");
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return alerts(*options, c); };
  });
}

} // namespace pgtrickle::ctl
