-- What the dashboard shows of a database, as one JSON object. No query text: what a
-- call was made with (`arguments`) is left out of the alerts.
WITH figures AS MATERIALIZED (SELECT pgtrickle._figures() AS told),
late AS (
  SELECT (l ->> 0)::bigint AS pgt_id, (told ->> 'now')::bigint - (l ->> 1)::bigint AS lag_ms
  FROM figures, jsonb_array_elements(told -> 'late') l),
tables AS (
  SELECT jsonb_build_object(
    'name', format('%I.%I', s.pgt_schema, s.pgt_name),
    'status', s.status,
    'is_populated', s.is_populated,
    'refresh_mode', s.refresh_mode,
    'effective_refresh_mode', s.effective_refresh_mode,
    'mode_reason', s.mode_reason,
    'schedule', coalesce(s.schedule, 'calculated'),
    'target_lag_ms', s.freshness_deadline_ms,
    'lag_ms', CASE WHEN s.is_populated THEN coalesce(l.lag_ms, 0) END,
    'data_timestamp', s.data_timestamp,
    'data_ms', (extract(epoch FROM s.data_timestamp) * 1000)::bigint,
    'last_full_ms', s.last_full_ms,
    'last_differential_ms', s.last_diff_ms,
    'consecutive_errors', s.consecutive_errors,
    'last_error', nullif(left(split_part(s.last_error_message, E'\n', 1), 500), ''),
    'is_refreshing', EXISTS (SELECT FROM pgtrickle.pgt_refresh_history h
                             WHERE h.status = 'RUNNING' AND h.pgt_id = s.pgt_id),
    'recommended_interval_seconds', CASE WHEN (p.recommendation ->> 'confidence')::float8 > 0
      THEN nullif((p.recommendation ->> 'recommended_interval_seconds')::float8, 0) END,
    'recommendation_confidence', (p.recommendation ->> 'confidence')::float8,
    'sources', coalesce((SELECT jsonb_agg(jsonb_build_object(
        'name', pgtrickle._relation_name(d.source_relid), 'type', d.source_type) ORDER BY d.source_relid)
      FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = s.pgt_id AND d.source_type <> 'VIEW'), '[]'),
    'history', coalesce((SELECT jsonb_agg(jsonb_build_array(
        round(extract(epoch FROM h.end_time - h.start_time) * 1000, 1), h.action, h.status = 'COMPLETED') ORDER BY h.start_time)
      FROM (SELECT h.* FROM pgtrickle.pgt_refresh_history h WHERE h.pgt_id = s.pgt_id AND h.end_time IS NOT NULL
            ORDER BY h.start_time DESC LIMIT 24) h), '[]')) AS told
  FROM pgtrickle.pgt_stream_tables s
  LEFT JOIN late l USING (pgt_id)
  LEFT JOIN pgtrickle.pgt_plans p USING (pgt_id)),
alerts AS (
  SELECT jsonb_build_object('alert_id', alert_id, 'event', event, 'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                            'payload', payload - '{arguments,event,pgt_id}'::text[]) AS told
  FROM pgtrickle.pgt_alerts ORDER BY alert_id DESC LIMIT 50),
snapshots AS (
  SELECT jsonb_build_object(
    'snapshot_table', format('%I.%I', snapshot_schema, snapshot_table),
    'stream_table', format('%I.%I', stream_schema, stream_table),
    'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'row_count', (header ->> 'row_count')::bigint, 'automatic', automatic,
    'is_resumable', frontier IS NOT NULL AND unpinned_reason IS NULL, 'reason', unpinned_reason) AS told
  FROM pgtrickle.pgt_snapshots ORDER BY created_at DESC LIMIT 50)
SELECT jsonb_build_object(
  'now_ms', (SELECT told -> 'now' FROM figures),
  'time_zone', current_setting('TimeZone'),
  'stream_tables', (SELECT coalesce(jsonb_agg(told), '[]') FROM tables),
  'alerts', (SELECT coalesce(jsonb_agg(told), '[]') FROM alerts),
  'snapshots', (SELECT coalesce(jsonb_agg(told), '[]') FROM snapshots))::text
