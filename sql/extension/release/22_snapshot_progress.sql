-- How far snapshots, restores and verifications are that are under way.

-- Says what this transaction is about: one of the stages below, of `relation`,
-- with so many rows to come; 0: nobody knows.
CREATE FUNCTION pgtrickle._report_progress(stage integer, relation oid, expected bigint) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_report_progress';

-- One row for each call that is at work on the rows of a stream table or of a
-- snapshot. `rows_done` goes up in steps, and is null where a stage does not count;
-- `rows_expected` is exact but for `copying rows`, which takes it from the statistics.
CREATE FUNCTION pgtrickle.snapshot_progress()
RETURNS TABLE (pid integer, operation text, relation text, stage text, rows_done bigint, rows_expected bigint,
               started_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH running AS MATERIALIZED (
    SELECT coalesce(a.leader_pid, p.pid) AS leader, p.pid, p.relid, p.param3 AS rows, p.param18 AS stage,
           p.param19 AS expected, a.xact_start
    FROM pg_stat_get_progress_info('COPY') p JOIN pg_stat_activity a ON a.pid = p.pid
    WHERE p.param20 = x'7067747269636b6c'::bigint AND a.datname = current_database())
  SELECT r.pid, s.operation, pgtrickle._relation_name(r.relid), s.stage,
         CASE WHEN s.counts THEN (SELECT sum(w.rows)::bigint FROM running w WHERE w.leader = r.pid) END,
         nullif(r.expected, 0), r.xact_start
  FROM running r JOIN (VALUES
    (1, 'snapshot', 'copying rows', true), (2, 'snapshot', 'copying arrangements', false),
    (3, 'verify', 'verifying rows', true), (4, 'restore', 'verifying rows', true), (5, 'restore', 'writing rows', true),
    (6, 'restore', 'comparing rows', false), (7, 'restore', 'writing arrangements', false)) s (number, operation, stage, counts) ON s.number = r.stage
  ORDER BY r.xact_start, r.pid
$$;

REVOKE ALL ON FUNCTION pgtrickle._report_progress(integer, oid, bigint), pgtrickle.snapshot_progress() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.snapshot_progress() TO PUBLIC;
