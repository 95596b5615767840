#include "test/scenarios/driver/left_behind.hpp"

namespace pgtrickle::test::driver {

const std::vector<remainder>& what_may_not_stay() {
  static const std::vector<remainder> all{
    {"a refresh that still runs by the history",
     "SELECT refresh_id FROM pgtrickle.pgt_refresh_history WHERE status = "
     "'RUNNING'"},
    {"a definition call that waits",
     "SELECT call_id, method FROM pgtrickle.pending_calls WHERE failed_at IS "
     "NULL"},
    {"an alert that was not published",
     "SELECT alert_id, event FROM pgtrickle.pgt_alerts WHERE published_at IS "
     "NULL"},
    {"a prepared transaction", "SELECT gid FROM pg_prepared_xacts"},
    {"a replication slot", "SELECT slot_name FROM pg_replication_slots"},
    {"a session that waits for a lock",
     "SELECT pid, relation::regclass FROM pg_locks WHERE NOT granted"},
    {"a session in a transaction",
     "SELECT pid, application_name, left(query, 100) FROM pg_stat_activity "
     "WHERE state LIKE 'idle in transaction%' AND now() - state_change > "
     "interval '1 s'"},
    {"a lock on a table, kept by an idle session",
     "SELECT l.pid, l.relation::regclass FROM pg_locks l JOIN pg_stat_activity "
     "a USING (pid) WHERE l.relation IS NOT NULL AND a.state = 'idle'"},
    {"a change buffer that nobody reads",
     "SELECT relname FROM (SELECT relname, substring(relname FROM "
     "'^changes_([0-9]+)')::oid AS source FROM pg_class WHERE relnamespace = "
     "'pgtrickle_changes'::regnamespace AND relkind = 'r') c WHERE source IS "
     "NOT NULL AND NOT pgtrickle._needs_capture(source)"},
    {"a capture trigger for nobody",
     "SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE tgname LIKE "
     "'pgt\\_capture\\_%' AND NOT pgtrickle._needs_capture(tgrelid)"},
    {"a relation of state without its stream table",
     "SELECT c.relname FROM pg_class c WHERE c.relnamespace = "
     "'pgtrickle_state'::regnamespace AND c.relkind IN ('r', 'v') AND "
     "c.relname NOT LIKE 'snapshot\\_%' AND NOT EXISTS (SELECT FROM "
     "pgtrickle.pgt_stream_tables t WHERE t.pgt_id = substring(c.relname FROM "
     "'_([0-9]+)_[0-9]+$')::bigint AND position('\"pgtrickle_state.' || "
     "c.relname || '\"' IN t.program::text) > 0)"},
    {"a function of state without its stream table",
     "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = "
     "'pgtrickle_state'::regnamespace AND NOT EXISTS (SELECT FROM "
     "pgtrickle.pgt_stream_tables t WHERE t.pgt_id = substring(p.proname FROM "
     "'^(?:refresh|follow)_([0-9]+)')::bigint)"},
    {"a table of a snapshot that is not registered",
     "SELECT c.oid::regclass FROM pg_class c WHERE c.relkind = 'r' AND "
     "c.relname LIKE 'snapshot\\_%' AND c.relnamespace = "
     "'pgtrickle_state'::regnamespace AND NOT EXISTS (SELECT FROM "
     "pgtrickle.pgt_snapshots s WHERE c.oid = ANY (s.arrangements))"},
    {"a stream table without its relation",
     "SELECT t.pgt_schema, t.pgt_name FROM pgtrickle.pgt_stream_tables t WHERE "
     "NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.pgt_relid AND "
     "c.relname = t.pgt_name)"},
    {"a refresh whose data is older than that of the one before",
     "SELECT pgt_id, refresh_id, data_timestamp, former FROM (SELECT *, "
     "lag(data_timestamp) OVER w AS former, lag(action) OVER w AS before FROM "
     "pgtrickle.pgt_refresh_history WHERE status = 'COMPLETED' WINDOW w AS "
     "(PARTITION BY pgt_id ORDER BY end_time, refresh_id)) h WHERE "
     "data_timestamp < former AND action <> 'RESTORE' AND before <> "
     "'RESTORE'"},
    {"two refreshes of one table at a time",
     "SELECT a.pgt_id, a.refresh_id, b.refresh_id FROM "
     "pgtrickle.pgt_refresh_history a JOIN pgtrickle.pgt_refresh_history b ON "
     "a.pgt_id = b.pgt_id AND a.refresh_id <> b.refresh_id AND a.start_time < "
     "b.end_time AND b.start_time < a.end_time WHERE a.status = 'COMPLETED' "
     "AND b.status = 'COMPLETED' AND a.refresh_id < b.refresh_id"},
    {"a refresh without an end",
     "SELECT refresh_id FROM pgtrickle.pgt_refresh_history WHERE status <> "
     "'RUNNING' AND (end_time IS NULL OR end_time < start_time)"}};
  return all;
}

} // namespace pgtrickle::test::driver
