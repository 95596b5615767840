-- What the dashboard shows of the stream table $1, beyond what it shows of all; no
-- row: there is none of that name.
SELECT s.pgt_id, coalesce(s.plan_shape, '') AS plan_shape, jsonb_build_object(
  'owner', (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = s.pgt_relid),
  'reinitialize_reason', CASE WHEN s.needs_reinit THEN s.reinit_reason END,
  'error', CASE WHEN s.last_error_message IS NOT NULL THEN jsonb_build_object(
      'at', s.last_error_at,
      'message', left(split_part(s.last_error_message, E'\n', 1), 500),
      'hint', left(substring(s.last_error_message FROM E'\nHINT: ([^\n]*)'), 500),
      'sqlstate', (SELECT h.error_sqlstate FROM pgtrickle.pgt_refresh_history h
                   WHERE h.pgt_id = s.pgt_id AND h.status = 'FAILED' ORDER BY h.start_time DESC LIMIT 1)) END,
  'refreshes', coalesce((SELECT jsonb_agg(jsonb_build_object(
      'started_at', h.start_time, 'duration_ms', round(extract(epoch FROM h.end_time - h.start_time) * 1000, 1),
      'action', h.action, 'reason', h.reason, 'status', h.status, 'initiated_by', h.initiated_by,
      'changes', h.delta_row_count, 'rows_inserted', h.rows_inserted, 'rows_deleted', h.rows_deleted,
      'error', left(split_part(h.error_message, E'\n', 1), 500), 'sqlstate', h.error_sqlstate)
      ORDER BY h.start_time DESC)
    FROM (SELECT h.* FROM pgtrickle.pgt_refresh_history h WHERE h.pgt_id = s.pgt_id
          ORDER BY h.start_time DESC LIMIT 60) h), '[]'),
  'buffers', coalesce((SELECT jsonb_agg(jsonb_build_object('source', b.name, 'bytes', b.bytes) ORDER BY b.name)
    FROM (SELECT pgtrickle._relation_name(d.source_relid) AS name, sum(p.total_size)::bigint AS bytes
          FROM pgtrickle.pgt_dependencies d JOIN pgtrickle._rotating_parts() p ON p.source = d.source_relid
          WHERE d.pgt_id = s.pgt_id GROUP BY 1) b), '[]'),
  'pending_changes', (SELECT coalesce(sum(c.rows), 0)::bigint FROM pgtrickle._changes_beyond(
      ARRAY(SELECT d.source_relid FROM pgtrickle.pgt_dependencies d
            WHERE d.pgt_id = s.pgt_id AND d.source_type <> 'VIEW'),
      (s.frontier ->> 'snapshot')::pg_snapshot, (s.frontier ->> 'own_xid')::xid8) c),
  'recommendation', (SELECT jsonb_build_object(
      'planned_at', p.planned_at,
      'current_interval_seconds', p.recommendation -> 'current_interval_seconds',
      'recommended_interval_seconds', p.recommendation -> 'recommended_interval_seconds',
      'delta_pct', p.recommendation -> 'delta_pct',
      'confidence', p.recommendation -> 'confidence',
      'reasoning', p.recommendation -> 'reasoning')
    FROM pgtrickle.pgt_plans p WHERE p.pgt_id = s.pgt_id),
  'relations', (SELECT coalesce(jsonb_object_agg(d.source_relid::text, pgtrickle._relation_name(d.source_relid)), '{}')
    FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = s.pgt_id),
  'readers', coalesce((SELECT jsonb_agg(format('%I.%I', r.pgt_schema, r.pgt_name) ORDER BY r.pgt_id)
    FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables r USING (pgt_id)
    WHERE d.source_relid = s.pgt_relid), '[]'))::text AS told
FROM pgtrickle.pgt_stream_tables s
WHERE format('%I.%I', s.pgt_schema, s.pgt_name) = $1
