#include "test/scenarios/driver/oracle.hpp"

#include "test/scenarios/driver/left_behind.hpp"
#include "test/scenarios/driver/tolerance.hpp"
#include "test/support/eventually.hpp"

#include <fmt/format.h>

#include <tuple>

namespace pgtrickle::test::driver {

namespace {

/// After its backends were terminated a few times a supervisor waits for up to
/// a minute before it tries again.
constexpr auto limit = 80s;
/// What can't be refreshed stands still again at once, and tells of it.
constexpr auto pause_between_resumptions = 5s;

std::string joined(const std::vector<std::string>& row) {
  return fmt::format("{}", fmt::join(row, " "));
}

/// Whether the query, as its user gave it, means something at present, and has
/// the columns that the table was made for.
bool can_run(session& db, const std::vector<std::string>& table) {
  if (table[5].find("the query's columns are not those of")
      != std::string::npos)
    return false;
  db.run("SET ROLE alice; SET search_path = " + table[3]);
  const auto explained = db.run("EXPLAIN " + table[4]);
  db.run("RESET ROLE; RESET search_path");
  return explained.sqlstate.empty();
}

} // namespace

void oracle::resume_what_stands_still(session& db) {
  const auto names
    = db.run("SELECT format('%I.%I', pgt_schema, pgt_name) FROM "
             "pgtrickle.pgt_stream_tables WHERE status IN ('SUSPENDED', "
             "'ERROR')");
  for (const auto& row : names.rows)
    db.run("SELECT pgtrickle.resume_stream_table(" + db.literal(row[0]) + ")");
}

/// Those that are not what their query returns, with what is known of them.
/// Columns go by name: another query may have put them into another order.
std::vector<std::string> oracle::wrong_tables(session& db) {
  std::vector<std::string> wrong;
  const auto tables = db.run(
    "SELECT format('%I.%I', pgt_schema, pgt_name), defining_query, status, "
    "original_search_path, original_query, concat_ws(' ', pgt_id, "
    "refresh_mode, schedule, last_error_message, reinit_reason), is_populated, "
    "(SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM "
    "pg_attribute WHERE attrelid = pgt_relid AND attnum > 0 AND NOT "
    "attisdropped) "
    "FROM pgtrickle.pgt_stream_tables ORDER BY pgt_id");
  for (const auto& row : tables.rows) {
    if (row[2] == "ACTIVE" && row[6] == "t") {
      const auto is = fmt::format("SELECT {} FROM {}", row[7], row[0]);
      const auto should_be
        = fmt::format("SELECT {} FROM ({}) AS q", row[7], row[1]);
      for (const auto& [what, one, other] :
           {std::tuple{"too many", is, should_be},
            std::tuple{"missing", should_be, is}}) {
        const auto differing
          = db.run(fmt::format("{} EXCEPT ALL {}", one, other));
        if (!differing.sqlstate.empty() || !differing.rows.empty())
          wrong.push_back(fmt::format(
            "{}: {} rows are {}, as {} {} ({})", row[0], differing.rows.size(),
            what,
            differing.rows.empty() ? std::string{} : joined(differing.rows[0]),
            differing.message, row[5]));
      }
    } else if (can_run(db, row)) {
      wrong.push_back(fmt::format("{} is {}, though its query can be run ({})",
                                  row[0], row[2], row[5]));
    }
  }
  return wrong;
}

/// What is there and should not be.
std::vector<std::string> oracle::remains(session& db,
                                         const std::string& database) {
  std::vector<std::string> found;
  for (const auto& one : what_may_not_stay()) {
    const auto rows = db.run(one.query);
    if (!rows.sqlstate.empty())
      found.push_back(one.what + ": " + rows.message);
    for (const auto& row : rows.rows)
      found.push_back(one.what + ": " + joined(row));
  }
  const auto began
    = std::chrono::duration<double>(all_.oldest_start().time_since_epoch());
  for (const auto& row :
       db.run(fmt::format("SELECT pid, application_name FROM pg_stat_activity "
                          "WHERE application_name LIKE 'pgtrickle %' AND "
                          "backend_start < to_timestamp({:.6f})",
                          began.count()))
         .rows)
    found.push_back("a session of a daemon that is gone: " + joined(row));
  for (const auto& row :
       db.run("SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON "
              "n.oid = c.relnamespace WHERE c.relpersistence = 't' AND "
              "pg_stat_get_backend_pid(substring(n.nspname FROM "
              "'^pg_temp_([0-9]+)')::int) IS NULL")
         .rows)
    if (!all_.left_by_a_crash().contains(database + "." + row[0]))
      found.push_back("a temporary relation of nobody: " + joined(row));
  return found;
}

std::vector<std::string> oracle::wrong_in(const std::string& database) {
  auto db = all_.connect(database);
  auto wrong = remains(db, database);
  if (const auto served = db.run("SELECT pgtrickle.validate_query('SELECT 1')");
      !served.sqlstate.empty())
    wrong.push_back("no daemon serves: " + served.message);
  for (auto& one : wrong_tables(db))
    wrong.push_back(std::move(one));
  if (const auto now = std::chrono::steady_clock::now();
      !wrong.empty() && now - resumed_at_ >= pause_between_resumptions) {
    resume_what_stands_still(db);
    resumed_at_ = now;
  }
  return wrong;
}

/// What helps to see why something is wrong.
void oracle::note_circumstances(session& db) {
  for (const auto* query :
       {"SELECT 'owner', node, epoch, acquired_at FROM pgtrickle.pgt_owner",
        "SELECT 'problem', * FROM pgtrickle.doctor('5 seconds')",
        "SELECT 'stream table', pgt_id, pgt_relid, pgt_name, status, "
        "refresh_mode, schedule, data_timestamp, frontier FROM "
        "pgtrickle.pgt_stream_tables",
        "SELECT 'dependency', pgt_id, source_relid, source_type FROM "
        "pgtrickle.pgt_dependencies",
        "SELECT 'refresh', h.* FROM pgtrickle.pgt_stream_tables t, LATERAL "
        "(SELECT * FROM pgtrickle.pgt_refresh_history h WHERE h.pgt_id = "
        "t.pgt_id ORDER BY start_time DESC LIMIT 6) h",
        "SELECT 'announcement', * FROM pgtrickle_changes.touched ORDER BY xid "
        "DESC LIMIT 50",
        "SELECT 'session', pid, application_name, state, wait_event, "
        "pg_blocking_pids(pid), left(query, 80) FROM pg_stat_activity WHERE "
        "datname = current_database()"})
    for (const auto& row : db.run(query).rows)
      notes_.note(joined(row));
}

/// Errors that refreshes and calls had since the last time.
void oracle::check_history(session& db, const std::string& database) {
  for (const auto& row :
       db.run("SELECT error_sqlstate, 'refresh', pgt_id, action, error_message "
              "FROM pgtrickle.pgt_refresh_history WHERE status = 'FAILED' "
              "UNION ALL SELECT error_sqlstate, method, call_id, "
              "arguments::text, error_message FROM pgtrickle.pending_calls")
         .rows)
    if (row[0] != "(null)" && !is_tolerated(row[0])
        && seen_history_.emplace(database + joined(row), "").second)
      notes_.violation(database + ": " + joined(row));
  db.run("DELETE FROM pgtrickle.pending_calls WHERE failed_at IS NOT NULL");
}

void oracle::check_progress(session& db, const std::string& database) {
  const auto now = db.run(
    "SELECT pgt_id, data_timestamp, coalesce(pg_snapshot_xmax((frontier ->> "
    "'snapshot')::pg_snapshot)::text, '0'), EXISTS (SELECT FROM "
    "pgtrickle.pgt_refresh_history h WHERE h.pgt_id = t.pgt_id AND action = "
    "'RESTORE'), refresh_mode = 'IMMEDIATE' FROM pgtrickle.pgt_stream_tables "
    "t WHERE is_populated");
  for (const auto& row : now.rows) {
    auto& before = reached_[database + "." + row[0]];
    const bool may_go_back = row[3] == "t" || row[4] == "t";
    if (!before.xmax.empty() && !may_go_back
        && (std::stoll(row[2]) < std::stoll(before.xmax)
            || row[1] < before.data_timestamp))
      notes_.violation(database + ": the frontier went back: " + joined(row)
                       + ", before " + before.data_timestamp + " "
                       + before.xmax);
    before = {row[1], row[2]};
  }
  // What has been seen now is not lost by an immediate stop.
  db.run("SELECT pg_switch_wal()");
}

void oracle::check() {
  for (const auto& name : all_.databases()) {
    {
      auto db = all_.connect(name);
      resume_what_stands_still(db);
    }
    std::vector<std::string> wrong;
    const auto began = std::chrono::steady_clock::now();
    const bool right = eventually(limit, [&] {
      wrong = wrong_in(name);
      return wrong.empty();
    });
    const std::chrono::duration<double> took
      = std::chrono::steady_clock::now() - began;
    notes_.note(fmt::format("{} is right after {:.1f} s", name, took.count()));
    auto db = all_.connect(name);
    if (!right) {
      for (const auto& one : wrong)
        notes_.violation(name + ": " + one);
      note_circumstances(db);
    }
    check_history(db, name);
    check_progress(db, name);
  }
}

} // namespace pgtrickle::test::driver
