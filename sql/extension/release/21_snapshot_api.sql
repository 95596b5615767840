-- What is asked of the snapshotter, and the list, which needs no daemon.

CREATE FUNCTION pgtrickle.snapshot_stream_table(name text, target text DEFAULT NULL)
RETURNS text LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('snapshot_stream_table',
    jsonb_build_object('name', name, 'target', target)) ->> 'snapshot_table';
END;

CREATE FUNCTION pgtrickle.restore_from_snapshot(name text, source text)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('restore_from_snapshot',
    jsonb_build_object('name', name, 'source', source));
END;

-- Returns the time that was reached.
CREATE FUNCTION pgtrickle.restore_stream_table_to(name text, target_time timestamptz)
RETURNS timestamptz LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT (pgtrickle._relay('restore_stream_table_to',
    jsonb_build_object('name', name, 'target_time', target_time)) ->> 'reached')::timestamptz;
END;

CREATE FUNCTION pgtrickle.drop_snapshot(snapshot_table text)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('drop_snapshot',
    jsonb_build_object('snapshot_table', snapshot_table));
END;

-- Counts and hashes the rows again. `detail` says what differs.
CREATE FUNCTION pgtrickle.verify_snapshot(snapshot_table text)
RETURNS TABLE (row_count bigint, content_hash text, ok boolean, detail text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT r.row_count, r.content_hash, r.ok, r.detail
  FROM jsonb_to_record(pgtrickle._relay('verify_snapshot',
         jsonb_build_object('snapshot_table', snapshot_table)))
       AS r (row_count bigint, content_hash text, ok boolean, detail text);
END;

-- Registers a table that has a snapshot's header as its comment, as a copy from
-- elsewhere has.
CREATE FUNCTION pgtrickle.adopt_snapshot(snapshot_table text)
RETURNS text LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('adopt_snapshot',
    jsonb_build_object('snapshot_table', snapshot_table)) ->> 'snapshot_table';
END;

-- A null leaves the property as it is; `snapshot_schedule => 'none'` takes no
-- snapshots by itself any more.
DROP FUNCTION pgtrickle.alter_stream_table(text, text, text, text, text);
CREATE FUNCTION pgtrickle.alter_stream_table(
  name text, query text DEFAULT NULL, schedule text DEFAULT NULL,
  refresh_mode text DEFAULT NULL, status text DEFAULT NULL,
  snapshot_schedule text DEFAULT NULL, snapshot_keep integer DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('alter_stream_table', jsonb_build_object(
    'name', name, 'query', query, 'schedule', schedule,
    'refresh_mode', refresh_mode, 'status', status,
    'snapshot_schedule', snapshot_schedule, 'snapshot_keep', snapshot_keep));
END;

-- The registered snapshots, of one stream table by the name that it has or had, or
-- of all; the latest first. `resumable`: a restore goes on from there, else
-- `reason` says why not. A table that was dropped by hand has no size.
CREATE FUNCTION pgtrickle.list_snapshots(name text DEFAULT NULL)
RETURNS TABLE (snapshot_table text, stream_table text, created_at timestamptz, row_count bigint, frontier jsonb,
               size_bytes bigint, content_hash text, resumable boolean, reason text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT CASE WHEN c.oid IS NULL THEN format('%I.%I', s.snapshot_schema, s.snapshot_table)
         ELSE pgtrickle._relation_name(c.oid) END,
         format('%I.%I', s.stream_schema, s.stream_table), s.created_at, (s.header ->> 'row_count')::bigint, s.frontier,
         CASE WHEN c.oid IS NOT NULL THEN pg_total_relation_size(c.oid) + coalesce(
           (SELECT sum(pg_total_relation_size(a))::bigint FROM unnest(s.arrangements) a), 0) END,
         s.header ->> 'content_hash', c.oid IS NOT NULL AND why.reason IS NULL,
         CASE WHEN c.oid IS NULL THEN 'its table was dropped' ELSE why.reason END
  FROM pgtrickle.pgt_snapshots s
  LEFT JOIN pg_class c ON c.oid = s.snapshot_relid
  CROSS JOIN LATERAL (SELECT pgtrickle._why_not_resumable(s.snapshot_id)) why (reason)
  WHERE name IS NULL OR s.pgt_id = (SELECT t.pgt_id FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_relid = to_regclass(name))
     OR parse_ident(name) IN (ARRAY[s.stream_schema, s.stream_table], ARRAY[s.stream_table])
  ORDER BY s.created_at DESC, s.snapshot_id DESC;
END;

REVOKE ALL ON FUNCTION pgtrickle.alter_stream_table, pgtrickle.snapshot_stream_table, pgtrickle.restore_from_snapshot, pgtrickle.restore_stream_table_to,
  pgtrickle.drop_snapshot,
  pgtrickle.verify_snapshot, pgtrickle.adopt_snapshot, pgtrickle.list_snapshots, pgtrickle._why_not_resumable(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.alter_stream_table, pgtrickle.snapshot_stream_table, pgtrickle.restore_from_snapshot, pgtrickle.restore_stream_table_to,
  pgtrickle.drop_snapshot,
  pgtrickle.verify_snapshot, pgtrickle.adopt_snapshot, pgtrickle.list_snapshots, pgtrickle._why_not_resumable(bigint),
  pgtrickle._buffer_of(oid, smallint[]), pgtrickle.content_hash(record), pgtrickle._add_row_hash(bigint, record),
  pgtrickle._add_hashes(bigint, bigint), pgtrickle._hash_text(bigint) TO PUBLIC;
