-- The whole cluster, from any of its databases. It shows every database to whoever
-- may ask.

-- The workers of each database that a daemon reports.
CREATE FUNCTION pgtrickle.cluster_worker_summary()
RETURNS TABLE (db_oid bigint, db_name text, workers_active integer, workers_queued integer, quota integer,
               quota_utilization_pct double precision, node text, owner_epoch bigint, report_age interval, state text,
               active_workers integer, scheduler_running boolean, total_active_workers integer, falling_behind boolean)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT r.db_oid, r.db_name, r.workers_active, r.workers_queued, r.quota, r.quota_utilization_pct, r.node,
         r.owner_epoch, make_interval(secs => r.report_age), r.state, r.workers_active, r.state = 'current',
         (sum(r.workers_active) FILTER (WHERE r.state = 'current') OVER ())::integer,
         r.falling_behind
  FROM jsonb_to_recordset(pgtrickle._relay('cluster_worker_summary', '{}'))
       AS r (db_oid bigint, db_name text, workers_active integer, workers_queued integer, quota integer,
             quota_utilization_pct double precision, node text, owner_epoch bigint,
             report_age double precision, state text, falling_behind boolean)
  ORDER BY r.db_name;
END;

-- What was done in each database, and in all of them: the row without a db_name.
CREATE FUNCTION pgtrickle.metrics_summary()
RETURNS TABLE (db_name text, db_oid bigint,
               total_stream_tables bigint, active_stream_tables bigint, suspended_stream_tables bigint, error_stream_tables bigint,
               total_refreshes bigint, successful_refreshes bigint, failed_refreshes bigint,
               differential_refreshes bigint, full_refreshes bigint, reinitialize_refreshes bigint, no_data_refreshes bigint,
               total_rows_processed bigint, rows_inserted bigint, rows_deleted bigint, changes_consumed bigint,
               active_workers integer, worker_utilization_pct double precision,
               lag_ms double precision, lag_p95_pct double precision,
               alerts bigint, alerts_waiting bigint, snapshots_created bigint, snapshots_restored bigint,
               refreshes_by_action jsonb, alerts_by_event jsonb,
               node text, owner_epoch bigint, report_age interval, state text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT m.db_name, m.db_oid,
         m.total_stream_tables, m.active_stream_tables, m.suspended_stream_tables, m.error_stream_tables,
         m.total_refreshes, m.successful_refreshes, m.failed_refreshes,
         m.differential_refreshes, m.full_refreshes, m.reinitialize_refreshes, m.no_data_refreshes,
         m.rows_inserted + m.rows_deleted, m.rows_inserted, m.rows_deleted, m.changes_consumed,
         m.active_workers, m.worker_utilization_pct, m.lag_ms, m.lag_p95_pct,
         m.alerts, m.alerts_waiting, m.snapshots_created, m.snapshots_restored,
         m.refreshes_by_action, m.alerts_by_event,
         m.node, m.owner_epoch, make_interval(secs => m.report_age), m.state
  FROM jsonb_to_recordset(pgtrickle._relay('metrics_summary', '{}'))
       AS m (db_name text, db_oid bigint,
             total_stream_tables bigint, active_stream_tables bigint, suspended_stream_tables bigint, error_stream_tables bigint,
             total_refreshes bigint, successful_refreshes bigint, failed_refreshes bigint,
             differential_refreshes bigint, full_refreshes bigint, reinitialize_refreshes bigint, no_data_refreshes bigint,
             rows_inserted bigint, rows_deleted bigint, changes_consumed bigint,
             active_workers integer, worker_utilization_pct double precision,
             lag_ms double precision, lag_p95_pct double precision,
             alerts bigint, alerts_waiting bigint, snapshots_created bigint, snapshots_restored bigint,
             refreshes_by_action jsonb, alerts_by_event jsonb,
             node text, owner_epoch bigint, report_age double precision, state text)
  ORDER BY m.db_name NULLS LAST;
END;

-- One database's users have no business with the others: monitoring has.
REVOKE ALL ON FUNCTION pgtrickle.cluster_worker_summary, pgtrickle.metrics_summary FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.cluster_worker_summary, pgtrickle.metrics_summary TO pg_monitor;
