-- What of the captured changes is new, and what is not needed any more: asked of
-- `touched`, which has a row for each writing statement.

-- Changes of `sources` that lie beyond a frontier: how many rows, whether a
-- TRUNCATE is among them, and the blocks of each part of the buffer that hold
-- them. Other rows may lie between them.
CREATE FUNCTION pgtrickle._changes_beyond(sources oid[], seen pg_snapshot, own_xid xid8)
RETURNS TABLE (source oid, part smallint, rows bigint, truncated boolean,
               first_block bigint, last_block bigint)
LANGUAGE c STABLE ROWS 10 AS 'MODULE_PATHNAME', 'pgtrickle_changes_beyond';

-- Sources touched by transactions that `seen` did not see.
CREATE FUNCTION pgtrickle._touched_since(seen pg_snapshot) RETURNS SETOF oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  later xid8 := pg_snapshot_xmax(seen);
  open xid8[] := ARRAY(SELECT pg_snapshot_xip(seen));
BEGIN
  RETURN QUERY SELECT DISTINCT t.source FROM pgtrickle_changes.touched t
               WHERE t.xid >= later OR t.xid = ANY (open);
END $$;

-- Who reads which source, and up to where it has consumed it: beyond are the
-- xids from `later` on, and those of `open`. A stream table that was never filled
-- needs all: its fill may be under way, with a snapshot that nobody else sees.
CREATE VIEW pgtrickle._consumers AS
  SELECT d.source_relid AS source, f.pgt_id, f.own_xid, coalesce(pg_snapshot_xmax(f.seen), '0') AS later,
         ARRAY(SELECT pg_snapshot_xip(f.seen)) AS open
  FROM (SELECT s.pgt_id, CASE WHEN s.is_populated THEN (s.frontier ->> 'snapshot')::pg_snapshot END AS seen,
               (s.frontier ->> 'own_xid')::xid8 AS own_xid
        FROM pgtrickle.pgt_stream_tables s WHERE s.refresh_mode <> 'IMMEDIATE') f
  JOIN pgtrickle.pgt_dependencies d USING (pgt_id) WHERE d.source_type <> 'VIEW';

-- Which parts of change buffers, announced in which part of `touched`, hold rows
-- that a stream table has still to consume.
CREATE FUNCTION pgtrickle._unconsumed_parts()
RETURNS TABLE (source oid, part smallint, announced_in oid, pgt_id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH consumers AS MATERIALIZED (SELECT * FROM pgtrickle._consumers)
  SELECT DISTINCT t.source, t.part, t.tableoid, c.pgt_id
  FROM pgtrickle_changes.touched t JOIN consumers c ON c.source = t.source
  WHERE (t.xid >= c.later OR t.xid = ANY (c.open)) AND t.xid IS DISTINCT FROM c.own_xid
$$;

-- Puts one row in the place of those of a part of `touched` that the same stream
-- tables have still to read: a laggard then holds few rows. Only transactions
-- that each snapshot in use has seen the end of: what becomes a frontier
-- divides none of them from the others.
CREATE FUNCTION pgtrickle._merge_announcements(announcements regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ended xid8 := (pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                 - (SELECT max(age(backend_xmin)) FROM pg_stat_activity))::text;
BEGIN
  EXECUTE format('
    WITH consumers AS MATERIALIZED (SELECT * FROM pgtrickle._consumers),
    merged AS (DELETE FROM %1$s WHERE xid < $1 RETURNING *),
    awaited AS (
      SELECT m.*, ARRAY(SELECT c.pgt_id FROM consumers c WHERE c.source = m.source
                        AND (m.xid >= c.later OR m.xid = ANY (c.open)) AND m.xid IS DISTINCT FROM c.own_xid
                        ORDER BY 1) AS readers
      FROM merged m)
    INSERT INTO %1$s SELECT max(xid), source, part, truncated, sum(rows), min(first_block), max(last_block)
    FROM awaited WHERE readers <> ''{}'' GROUP BY source, part, truncated, readers', announcements)
    USING ended;
END $$;

-- The tables that can be emptied, with their sizes in bytes: the parts of change
-- buffers, and those of `touched` (source 0).
CREATE FUNCTION pgtrickle._rotating_parts()
RETURNS TABLE (source oid, part smallint, name text, rows_size bigint, total_size bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.source, p.part, p.relation::regclass::text, pg_relation_size(p.relation), pg_total_relation_size(p.relation)
  FROM (SELECT s.source, n::smallint AS part, to_regclass(format('pgtrickle_changes.changes_%s_%s', s.source, n)) AS relation
        FROM (SELECT DISTINCT source_relid AS source FROM pgtrickle.pgt_dependencies
              WHERE source_type <> 'VIEW') s, generate_series(0, 1) n
        UNION ALL
        SELECT 0, n::smallint, to_regclass(format('pgtrickle_changes.touched_%s', n)) FROM generate_series(0, 1) n) p
  WHERE p.relation IS NOT NULL
$$;

REVOKE ALL ON FUNCTION pgtrickle._changes_beyond(oid[], pg_snapshot, xid8), pgtrickle._touched_since(pg_snapshot),
  pgtrickle._unconsumed_parts(), pgtrickle._merge_announcements(regclass), pgtrickle._rotating_parts() FROM PUBLIC;
