-- Positions in the past that a stream table can be restored to.

-- Those of its snapshots that keep the changes since.
CREATE FUNCTION pgtrickle._kept_positions(id bigint) RETURNS TABLE (data_timestamp timestamptz, reached pg_snapshot)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (s.header ->> 'data_timestamp')::timestamptz, (s.frontier ->> 'snapshot')::pg_snapshot
  FROM pgtrickle.pgt_snapshots s
  WHERE s.pgt_id = id AND s.frontier IS NOT NULL AND pgtrickle._why_not_resumable(s.snapshot_id) IS NULL
$$;

-- The captured transactions on the sources of a stream table that lie beyond `seen`.
CREATE FUNCTION pgtrickle._captured_xids(id bigint, seen pg_snapshot) RETURNS SETOF xid8
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  buffers text := (SELECT string_agg(format('SELECT __xid FROM pgtrickle_changes.changes_%s', source_relid), ' UNION ALL ')
                   FROM pgtrickle.pgt_dependencies WHERE pgt_id = id AND source_type <> 'VIEW');
BEGIN
  IF buffers IS NOT NULL THEN
    RETURN QUERY EXECUTE format('SELECT DISTINCT __xid FROM (%s) b WHERE NOT pg_visible_in_snapshot(__xid, $1)', buffers)
      USING seen;
  END IF;
END $$;

-- The snapshot that has seen what `base` has, and those of the captured
-- transactions that were committed until `moment`.
CREATE FUNCTION pgtrickle._snapshot_at(id bigint, base pg_snapshot, moment timestamptz, OUT reached pg_snapshot, OUT is_known boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH captured AS MATERIALIZED (
    SELECT x.xid, pg_xact_commit_timestamp(x.xid::xid) AS committed FROM pgtrickle._captured_xids(id, base) x (xid)),
  last AS (
    SELECT greatest(pg_snapshot_xmax(base)::text::bigint, 1 + max(xid::text::bigint) FILTER (WHERE committed <= moment)) AS xmax,
           coalesce(bool_and(committed IS NOT NULL), true) AS is_known
    FROM captured),
  unseen AS (
    SELECT c.xid::text::bigint AS xid FROM captured c, last l WHERE c.committed > moment AND c.xid::text::bigint < l.xmax)
  SELECT format('%s:%s:%s', least(l.xmax, (SELECT min(xid) FROM unseen)), l.xmax,
                (SELECT string_agg(xid::text, ',' ORDER BY xid) FROM unseen))::pg_snapshot, l.is_known
  FROM last l
$$;

-- Where in the history of its sources a stream table was at `moment`: exactly if
-- PostgreSQL knows when each transaction was committed, else at the last refresh
-- of any stream table before it. No row: no snapshot is that old.
CREATE FUNCTION pgtrickle._position_at(id bigint, moment timestamptz)
RETURNS TABLE (reached pg_snapshot, reached_at timestamptz, problem text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base record;
  exact pg_snapshot;
  is_known boolean := false;
BEGIN
  SELECT * INTO base FROM pgtrickle._kept_positions(id) p WHERE p.data_timestamp <= moment ORDER BY p.data_timestamp DESC LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF moment > clock_timestamp() THEN
    problem := 'it is to come';
  ELSE
    IF current_setting('track_commit_timestamp')::boolean THEN
      SELECT a.reached, a.is_known INTO exact, is_known FROM pgtrickle._snapshot_at(id, base.reached, moment) a;
    END IF;
    IF is_known THEN
      reached := exact;
      reached_at := moment;
    ELSE
      SELECT p.reached, p.data_timestamp INTO reached, reached_at FROM (
        SELECT base.reached, base.data_timestamp
        UNION ALL
        SELECT h.reached, h.data_timestamp FROM pgtrickle.pgt_refresh_history h
        WHERE h.reached IS NOT NULL AND h.data_timestamp BETWEEN base.data_timestamp AND moment) p
      ORDER BY p.data_timestamp DESC LIMIT 1;
    END IF;
    IF EXISTS (SELECT FROM pgtrickle_changes.touched t JOIN pgtrickle.pgt_dependencies d ON d.source_relid = t.source
               WHERE d.pgt_id = id AND t.truncated AND NOT pg_visible_in_snapshot(t.xid, _position_at.reached)) THEN
      problem := 'a table that it reads was truncated since';
    END IF;
  END IF;
  RETURN NEXT;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._kept_positions(bigint), pgtrickle._captured_xids(bigint, pg_snapshot),
  pgtrickle._snapshot_at(bigint, pg_snapshot, timestamptz), pgtrickle._position_at(bigint, timestamptz) FROM PUBLIC;
