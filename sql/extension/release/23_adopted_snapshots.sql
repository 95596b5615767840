-- Snapshots in a database that was loaded from a dump (57_adoption.sql).

-- A pinned snapshot has a frontier too.
CREATE OR REPLACE FUNCTION pgtrickle._frontiers()
RETURNS TABLE (holder text, id bigint, seen text, own_xid text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'stream table', pgt_id, frontier ->> 'snapshot', frontier ->> 'own_xid'
  FROM pgtrickle.pgt_stream_tables
  WHERE is_populated AND frontier ->> 'snapshot' IS NOT NULL AND refresh_mode <> 'IMMEDIATE'
  UNION ALL
  SELECT 'snapshot', snapshot_id, frontier ->> 'snapshot', frontier ->> 'own_xid'
  FROM pgtrickle.pgt_snapshots WHERE unpinned_reason IS NULL
$$;

CREATE OR REPLACE FUNCTION pgtrickle._move_frontier(holder text, id bigint, changes jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE pgtrickle.pgt_stream_tables SET frontier = frontier || changes
  WHERE holder = 'stream table' AND pgt_id = id;
  UPDATE pgtrickle.pgt_snapshots SET frontier = frontier || changes
  WHERE holder = 'snapshot' AND snapshot_id = id
$$;

-- Tables and sources by their present oids. Those that only a dropped stream
-- table read can't be found again.
CREATE OR REPLACE FUNCTION pgtrickle._begin_adopting_snapshots() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_snapshots s SET snapshot_relid = (4294967295 - s.snapshot_id)::oid;
  UPDATE pgtrickle.pgt_snapshots s SET snapshot_relid = c.oid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE (n.nspname, c.relname) = (s.snapshot_schema, s.snapshot_table) AND c.relkind = 'r';
  UPDATE pgtrickle.pgt_snapshots s SET unpinned_reason = 'it came with a dump, and a table that it reads can''t be found'
    WHERE s.unpinned_reason IS NULL AND EXISTS (
      SELECT FROM pgtrickle.pgt_snapshot_sources d LEFT JOIN pg_temp.__pgt_moved m ON m.relation = d.source_relid
      WHERE d.snapshot_id = s.snapshot_id AND m.found IS NULL);
  CREATE TEMP TABLE __pgt_snapshot_sources ON COMMIT DROP AS
    SELECT d.snapshot_id, m.found, ARRAY(SELECT (m.attnums ->> a::text)::smallint FROM unnest(d.columns_used) a
                                         WHERE m.attnums ->> a::text IS NOT NULL ORDER BY 1) AS attnums, d.buffer
    FROM pgtrickle.pgt_snapshot_sources d JOIN pg_temp.__pgt_moved m ON m.relation = d.source_relid WHERE m.found IS NOT NULL;
  DELETE FROM pgtrickle.pgt_snapshot_sources;
  INSERT INTO pgtrickle.pgt_snapshot_sources SELECT * FROM pg_temp.__pgt_snapshot_sources;
  -- The shape of a plan has oids in it.
  CREATE TEMP TABLE __pgt_snapshot_shapes ON COMMIT DROP AS
    SELECT s.snapshot_id, t.pgt_id, s.plan_shape IS NOT DISTINCT FROM t.plan_shape AS same, t.definition_version
    FROM pgtrickle.pgt_snapshots s JOIN pgtrickle.pgt_stream_tables t USING (pgt_id);
END $$;

-- When buffers and programs are the present ones.
CREATE OR REPLACE FUNCTION pgtrickle._end_adopting_snapshots() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_snapshot_sources SET buffer = pgtrickle._buffer_of(source_relid, columns_used);
  UPDATE pgtrickle.pgt_snapshots s SET plan_shape = t.plan_shape
    FROM pg_temp.__pgt_snapshot_shapes n JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
    WHERE n.snapshot_id = s.snapshot_id AND n.same;
  UPDATE pgtrickle.pgt_snapshots s SET unpinned_reason = 'it came with a dump, without its stream table'
    WHERE s.unpinned_reason IS NULL AND NOT EXISTS (
      SELECT FROM pg_temp.__pgt_snapshot_shapes n WHERE n.snapshot_id = s.snapshot_id AND n.same);
  UPDATE pgtrickle.pgt_snapshots s SET unpinned_reason = t.reinit_reason
    FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = s.pgt_id AND t.needs_reinit AND s.unpinned_reason IS NULL;
END $$;
