-- What can be told from the catalog, also while the daemon is down.

CREATE FUNCTION pgtrickle.pgt_status()
RETURNS TABLE (
  name text, status text, refresh_mode text, is_populated boolean,
  consecutive_errors integer, schedule text, data_timestamp timestamptz,
  staleness interval, scc_id integer, last_error_message text,
  effective_refresh_mode text, mode_reason text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT pgtrickle._relation_name(s.pgt_relid), s.status, s.refresh_mode,
         s.is_populated, s.consecutive_errors,
         coalesce(s.schedule, 'calculated'), s.data_timestamp,
         make_interval(secs => pgtrickle._staleness(s.pgt_id)),
         -- cycles are refused, so no table is in a strongly connected component
         NULL::integer,
         s.last_error_message, s.effective_refresh_mode, s.mode_reason
  FROM pgtrickle.pgt_stream_tables s
  ORDER BY 1;
END;

-- Calls that wait to be carried out, and those that then failed.
CREATE FUNCTION pgtrickle.pending_calls()
RETURNS TABLE (
  call_id bigint, method text, name text, role text,
  requested_at timestamptz, failed_at timestamptz,
  error_message text, error_sqlstate text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT c.call_id, c.method, c.arguments ->> 'name', c.role, c.requested_at,
         c.failed_at, c.error_message, c.error_sqlstate
  FROM pgtrickle.pending_calls c
  ORDER BY c.call_id;
END;

CREATE FUNCTION pgtrickle.get_refresh_history(
  name text, max_rows integer DEFAULT 20)
RETURNS TABLE (
  refresh_id bigint, data_timestamp timestamptz, start_time timestamptz,
  end_time timestamptz, action text, status text, rows_inserted bigint,
  rows_deleted bigint, duration_ms double precision, error_message text,
  reason text, initiated_by text, delta_row_count bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT h.refresh_id, h.data_timestamp, h.start_time, h.end_time, h.action,
         h.status, h.rows_inserted, h.rows_deleted,
         (extract(epoch FROM h.end_time - h.start_time) * 1000)::double precision,
         h.error_message, h.reason, h.initiated_by, h.delta_row_count
  FROM pgtrickle.pgt_refresh_history h
  WHERE h.pgt_id = pgtrickle._stream_table_id(name)
  ORDER BY h.start_time DESC, h.refresh_id DESC
  LIMIT max_rows;
END;

-- Stream tables that no other one reads, and under each what it reads.
CREATE FUNCTION pgtrickle.dependency_tree()
RETURNS TABLE (tree_line text, node text, node_type text, depth integer,
               status text, refresh_mode text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH RECURSIVE tree AS (
    SELECT s.pgt_relid AS relation, 0 AS depth,
           ARRAY[pgtrickle._relation_name(s.pgt_relid)] AS path
    FROM pgtrickle.pgt_stream_tables s
    WHERE NOT EXISTS (SELECT FROM pgtrickle.pgt_dependencies d
                      WHERE d.source_relid = s.pgt_relid)
    UNION ALL
    SELECT d.source_relid, t.depth + 1,
           t.path || pgtrickle._relation_name(d.source_relid)
    FROM tree t
    JOIN pgtrickle.pgt_stream_tables s ON s.pgt_relid = t.relation
    JOIN pgtrickle.pgt_dependencies d ON d.pgt_id = s.pgt_id
  )
  SELECT repeat('   ', t.depth - 1) || CASE WHEN t.depth > 0 THEN '+- ' ELSE '' END
           || t.path[t.depth + 1],
         t.path[t.depth + 1],
         CASE WHEN s.pgt_id IS NULL THEN 'TABLE' ELSE 'STREAM_TABLE' END,
         t.depth, s.status, s.refresh_mode
  FROM tree t
  LEFT JOIN pgtrickle.pgt_stream_tables s ON s.pgt_relid = t.relation
  ORDER BY t.path;
END;
