// What recommendations for very many stream tables cost.
//
// Their history is made up; planning it and answering from it is real. The
// first pass happens once, after an upgrade; then only what has new history is
// planned.

#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/workbench.hpp"
#include "services/plans/plans.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  int tables = 10000;
  int refreshes = 1000;
  int rounds = 5;
  /// Between two calls so many have new history.
  int active = 100;
  server_options server;
};

constexpr auto answer
  = "SELECT count(*) FROM (SELECT * FROM pgtrickle.schedule_recommendations() "
    "ORDER BY delta_pct DESC) r";

/// Without a daemon the relay refuses at once; the planner's work is called
/// here.
void create(workbench& db, const options& wanted) {
  db.execute(fmt::format(
    "DO $$ BEGIN FOR n IN 1..{} LOOP EXECUTE format('CREATE TABLE t_%s (a "
    "int)', n); IF n % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$",
    wanted.tables));
  db.execute(
    "INSERT INTO pgtrickle.pgt_stream_tables (pgt_relid, pgt_name, pgt_schema, "
    "original_query, original_search_path, defining_query, schedule, "
    "refresh_mode, status, is_populated, last_refresh_at, data_timestamp) "
    "SELECT oid, relname, 'public', 'SELECT 1', '', 'SELECT 1', '60s', 'AUTO', "
    "'ACTIVE', true, now(), now() FROM pg_class WHERE relname ~ '^t_\\d+$'");
  db.execute(fmt::format(
    "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, end_time, "
    "data_timestamp, action, status, initiated_by, delta_row_count) "
    "SELECT pgt_id, at, at + interval '1 ms' * (20 + changes * 0.05), at, "
    "'DIFFERENTIAL', 'COMPLETED', 'SCHEDULER', changes FROM "
    "pgtrickle.pgt_stream_tables, generate_series(1, {0}) n, LATERAL (SELECT "
    "now() - interval '1 minute' * ({0} - n) AS at, "
    "(hashint8(pgt_id * 7919 + n) & 1023)::bigint AS changes) r",
    wanted.refreshes));
  db.execute("VACUUM ANALYZE pgtrickle.pgt_refresh_history, "
             "pgtrickle.pgt_stream_tables");
  db.execute("CHECKPOINT");
}

std::size_t plan_all(workbench& db, const plans::planning_options& how) {
  std::size_t planned = 0;
  for (bool has_more = true; has_more;) {
    const auto pass
      = or_give_up(plans::bring_up_to_date(db.session(), how, true, 1000, {}));
    planned += pass.planned;
    has_more = pass.has_more;
  }
  return planned;
}

void refresh_some(workbench& db, int count) {
  db.execute(fmt::format(
    "WITH active AS (UPDATE pgtrickle.pgt_stream_tables SET last_refresh_at = "
    "clock_timestamp() WHERE pgt_id IN (SELECT pgt_id FROM "
    "pgtrickle.pgt_stream_tables ORDER BY random() LIMIT {}) RETURNING pgt_id) "
    "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, end_time, "
    "data_timestamp, action, status, initiated_by, delta_row_count) SELECT "
    "pgt_id, clock_timestamp(), clock_timestamp() + interval '20 ms', "
    "clock_timestamp(), 'DIFFERENTIAL', 'COMPLETED', 'SCHEDULER', 100 FROM "
    "active",
    count));
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Recommendations for very many stream tables."};
  options wanted;
  app.add_option("--tables", wanted.tables, "stream tables (10000)");
  app.add_option("--refreshes", wanted.refreshes,
                 "history rows of each (1000)");
  app.add_option("--active", wanted.active,
                 "stream tables with new history at each call (100)");
  app.add_option("--rounds", wanted.rounds, "measured calls (5)");
  declare(app, wanted.server);
  CLI11_PARSE(app, argc, argv);
  workbench db{wanted.server};
  create(db, wanted);
  plans::planning_options how;
  how.workers = 4;
  std::size_t planned = 0;
  const auto first = timed_ms([&] { planned = plan_all(db, how); });
  std::vector<double> calls;
  std::vector<double> reads;
  for (int i = 0; i < wanted.rounds; ++i) {
    refresh_some(db, wanted.active);
    std::int64_t rows = 0;
    const auto planning = timed_ms([&] { planned += plan_all(db, how); });
    const auto reading = timed_ms([&] { rows = db.number(answer); });
    if (rows != wanted.tables)
      give_up("rows are missing");
    reads.push_back(reading);
    calls.push_back(planning + reading);
  }
  if (db.number("SELECT count(*) FROM pgtrickle.schedule_recommendations() "
                "WHERE confidence = 0")
      > 0)
    give_up("there is a table without confidence");
  std::cout << machine(db) << "; " << grouped(wanted.tables)
            << " stream tables, " << grouped(wanted.refreshes)
            << " history rows each\n\n";
  text_table table{{"what", "ms"}};
  table.add({"planning all for the first time", ms_text(first)});
  table.add({fmt::format("a call, {} tables with new history", wanted.active),
             ms_text(median(calls))});
  table.add({"of that, reading the plans", ms_text(median(reads))});
  table.print(std::cout);
  std::cout << bar_text("seconds of a call", median(calls) / 1000, "<= 2",
                        median(calls) <= 2000)
            << std::endl;
}
