-- Snapshots: copies of stream tables, with their position in the history of
-- their sources.

-- A snapshot outlives its stream table; so there is no foreign key.
CREATE TABLE pgtrickle.pgt_snapshots (
  snapshot_id     bigserial PRIMARY KEY,
  pgt_id          bigint NOT NULL,
  -- of the archival table; its name may have changed since
  snapshot_relid  oid NOT NULL UNIQUE,
  snapshot_schema text NOT NULL,
  snapshot_table  text NOT NULL,
  -- of the stream table, when the snapshot was taken
  stream_schema   text NOT NULL,
  stream_table    text NOT NULL,
  -- all that a restore needs, as in the archival table's comment
  header          jsonb NOT NULL,
  created_at      timestamptz NOT NULL,
  -- by a call, or by the stream table's snapshot_schedule
  automatic       boolean NOT NULL DEFAULT false,
  -- the position: beyond it lie the changes that a restore goes on with; null: IMMEDIATE, or always recomputed
  frontier        jsonb,
  -- copies of the program's arrangements, in their order, and what they were made for
  arrangements    regclass[] NOT NULL DEFAULT '{}',
  plan_shape      text,
  -- whether the changes beyond it are kept; null: they are, else why not
  unpinned_reason text
);

-- What the changes after a snapshot are captured from, as pgt_dependencies.
CREATE TABLE pgtrickle.pgt_snapshot_sources (
  snapshot_id  bigint NOT NULL REFERENCES pgtrickle.pgt_snapshots ON DELETE CASCADE,
  source_relid oid NOT NULL,
  columns_used smallint[] NOT NULL,
  -- where they are captured (_buffer_of): when that is another one, changes between were lost
  buffer       jsonb NOT NULL,
  PRIMARY KEY (snapshot_id, source_relid)
);
CREATE INDEX ON pgtrickle.pgt_snapshot_sources (source_relid);

GRANT SELECT ON pgtrickle.pgt_snapshots, pgtrickle.pgt_snapshot_sources TO PUBLIC;
SELECT pg_extension_config_dump('pgtrickle.pgt_snapshots', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_snapshots_snapshot_id_seq', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_snapshot_sources', '');

-- When snapshots are taken by themselves (null: never), and how many of those are
-- kept.
ALTER TABLE pgtrickle.pgt_stream_tables
  ADD COLUMN snapshot_schedule text,
  ADD COLUMN snapshot_keep integer NOT NULL DEFAULT 7 CHECK (snapshot_keep > 0);

-- A restore is a kind of refresh.
ALTER TABLE pgtrickle.pgt_refresh_history
  DROP CONSTRAINT pgt_refresh_history_action_check,
  ADD CONSTRAINT pgt_refresh_history_action_check
    CHECK (action IN ('NO_DATA', 'DIFFERENTIAL', 'FULL', 'REINITIALIZE', 'SKIP', 'RESTORE'));

-- The hash of a relation's rows, whatever their order: 16 hexadecimal digits, the
-- same on every cluster.
CREATE FUNCTION pgtrickle._add_row_hash(sum bigint, one record) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pgtrickle_add_row_hash';
CREATE FUNCTION pgtrickle._add_hashes(a bigint, b bigint) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pgtrickle_add_hashes';
CREATE FUNCTION pgtrickle._hash_text(sum bigint) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pgtrickle_hash_text';
CREATE AGGREGATE pgtrickle.content_hash(record) (
  SFUNC = pgtrickle._add_row_hash, STYPE = bigint, INITCOND = '0', COMBINEFUNC = pgtrickle._add_hashes,
  FINALFUNC = pgtrickle._hash_text, PARALLEL = SAFE);

-- Copies the rows of a query into a table that this transaction has made and that
-- has their columns, no index and no constraint. Its triggers don't fire. Returns how many rows
-- there are and their hash.
CREATE FUNCTION pgtrickle._copy_rows(query text, target regclass, OUT row_count bigint, OUT content_hash text)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_copy_rows';

-- The buffer that holds a source's changes: its oid, and its columns by the
-- attribute numbers of the source. A column that was made anew has another number.
-- For everybody: looked up by name, the buffer would ask for USAGE on its schema.
CREATE FUNCTION pgtrickle._buffer_of(source oid, attnums smallint[]) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('buffer', b.oid::bigint, 'columns', (
    SELECT coalesce(jsonb_object_agg(n, a.attnum), '{}') FROM unnest(attnums) n
    JOIN pg_attribute a ON a.attrelid = b.oid AND a.attname = 'c' || n AND NOT a.attisdropped))
  FROM pg_class b JOIN pg_namespace s ON s.oid = b.relnamespace
  WHERE s.nspname = 'pgtrickle_changes' AND b.relname = format('changes_%s', source)
$$;

-- Who reads which source, and up to where it has consumed it (22_changes.sql); a
-- pinned snapshot is a consumer with a negative id that never moves on.
CREATE OR REPLACE VIEW pgtrickle._consumers AS
  SELECT d.source_relid AS source, f.pgt_id, f.own_xid, coalesce(pg_snapshot_xmax(f.seen), '0') AS later,
         ARRAY(SELECT pg_snapshot_xip(f.seen)) AS open
  FROM (SELECT s.pgt_id, CASE WHEN s.is_populated THEN (s.frontier ->> 'snapshot')::pg_snapshot END AS seen,
               (s.frontier ->> 'own_xid')::xid8 AS own_xid
        FROM pgtrickle.pgt_stream_tables s WHERE s.refresh_mode <> 'IMMEDIATE') f
  JOIN pgtrickle.pgt_dependencies d USING (pgt_id) WHERE d.source_type <> 'VIEW'
  UNION ALL
  SELECT d.source_relid, -s.snapshot_id, (s.frontier ->> 'own_xid')::xid8,
         pg_snapshot_xmax((s.frontier ->> 'snapshot')::pg_snapshot),
         ARRAY(SELECT pg_snapshot_xip((s.frontier ->> 'snapshot')::pg_snapshot))
  FROM pgtrickle.pgt_snapshots s JOIN pgtrickle.pgt_snapshot_sources d USING (snapshot_id)
  WHERE s.unpinned_reason IS NULL;

CREATE OR REPLACE FUNCTION pgtrickle._captured_attnums(source oid) RETURNS TABLE (attnum smallint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT unnest(d.columns_used)
  FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
  WHERE d.source_relid = source AND t.refresh_mode <> 'IMMEDIATE'
  UNION
  SELECT unnest(d.columns_used)
  FROM pgtrickle.pgt_snapshot_sources d JOIN pgtrickle.pgt_snapshots s USING (snapshot_id)
  WHERE d.source_relid = source AND s.unpinned_reason IS NULL;
END $$;

CREATE OR REPLACE FUNCTION pgtrickle._needs_capture(source oid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
    WHERE d.source_relid = source AND d.source_type <> 'VIEW' AND t.refresh_mode <> 'IMMEDIATE')
  OR EXISTS (
    SELECT FROM pgtrickle.pgt_snapshot_sources d JOIN pgtrickle.pgt_snapshots s USING (snapshot_id)
    WHERE d.source_relid = source AND s.unpinned_reason IS NULL);
END $$;

-- The tables that can be emptied (22_changes.sql), also those that only snapshots
-- want.
CREATE OR REPLACE FUNCTION pgtrickle._rotating_parts()
RETURNS TABLE (source oid, part smallint, name text, rows_size bigint, total_size bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.source, p.part, p.relation::regclass::text, pg_relation_size(p.relation), pg_total_relation_size(p.relation)
  FROM (SELECT s.source, n::smallint AS part, to_regclass(format('pgtrickle_changes.changes_%s_%s', s.source, n)) AS relation
        FROM (SELECT source_relid AS source FROM pgtrickle.pgt_dependencies WHERE source_type <> 'VIEW'
              UNION SELECT source_relid FROM pgtrickle.pgt_snapshot_sources) s, generate_series(0, 1) n
        UNION ALL
        SELECT 0, n::smallint, to_regclass(format('pgtrickle_changes.touched_%s', n)) FROM generate_series(0, 1) n) p
  WHERE p.relation IS NOT NULL
$$;

-- Lets go of the changes that are kept for snapshots.
CREATE FUNCTION pgtrickle._unpin_snapshots(ids bigint[], why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_snapshots SET unpinned_reason = why
    WHERE snapshot_id = ANY (ids) AND unpinned_reason IS NULL;
  PERFORM pgtrickle._release_capture(s.source_relid)
    FROM (SELECT DISTINCT source_relid FROM pgtrickle.pgt_snapshot_sources WHERE snapshot_id = ANY (ids)) s;
END $$;

-- Lets go of those that are older than `most_seconds`, and of the oldest one of
-- each source whose change buffer has more than `most_bytes` that only snapshots
-- want to keep. Returns how many.
CREATE FUNCTION pgtrickle._unpin_old_snapshots(most_seconds integer, most_bytes bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old bigint[] := ARRAY(SELECT snapshot_id FROM pgtrickle.pgt_snapshots WHERE unpinned_reason IS NULL
                        AND created_at <= clock_timestamp() - make_interval(secs => most_seconds));
  large bigint[];
BEGIN
  IF most_bytes > 0 THEN
    large := ARRAY(
      SELECT DISTINCT (SELECT s.snapshot_id FROM pgtrickle.pgt_snapshots s JOIN pgtrickle.pgt_snapshot_sources d USING (snapshot_id)
              WHERE d.source_relid = b.source AND s.unpinned_reason IS NULL AND s.snapshot_id <> ALL (old)
              ORDER BY s.created_at LIMIT 1)
      FROM (SELECT p.source FROM pgtrickle._rotating_parts() p WHERE p.source <> 0
            GROUP BY p.source HAVING sum(p.total_size) > most_bytes) b);
  END IF;
  PERFORM pgtrickle._unpin_snapshots(old, 'it is older than pg_trickle.snapshot_change_retention');
  PERFORM pgtrickle._unpin_snapshots(array_remove(large, NULL), 'the changes after it outgrew pg_trickle.snapshot_change_retention_mb');
  RETURN cardinality(old) + coalesce(cardinality(array_remove(large, NULL)), 0);
END $$;

-- What lies beyond the frontiers on `source` is lost.
CREATE OR REPLACE FUNCTION pgtrickle._changes_lost(source oid, why text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE pgtrickle.pgt_snapshots s SET unpinned_reason = why FROM pgtrickle.pgt_snapshot_sources d
  WHERE d.snapshot_id = s.snapshot_id AND d.source_relid = source AND s.unpinned_reason IS NULL
$$;

-- Why the changes that lie beyond a snapshot can't be gone through; null: they can.
CREATE FUNCTION pgtrickle._why_not_resumable(id bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(s.unpinned_reason, (
    SELECT format('%s, which it reads, %s', pgtrickle._relation_name(d.source_relid),
                  CASE WHEN c.oid IS NULL THEN 'is gone' ELSE 'was altered' END)
    FROM pgtrickle.pgt_snapshot_sources d LEFT JOIN pg_class c ON c.oid = d.source_relid
    WHERE d.snapshot_id = s.snapshot_id
      AND (c.oid IS NULL OR pgtrickle._buffer_of(d.source_relid, d.columns_used) IS DISTINCT FROM d.buffer)
    ORDER BY d.source_relid LIMIT 1))
  FROM pgtrickle.pgt_snapshots s WHERE s.snapshot_id = id
$$;

REVOKE ALL ON FUNCTION pgtrickle._buffer_of(oid, smallint[]), pgtrickle._changes_lost(oid, text), pgtrickle._unpin_snapshots(bigint[], text), pgtrickle._unpin_old_snapshots(integer, bigint),
  pgtrickle._why_not_resumable(bigint), pgtrickle._add_row_hash(bigint, record), pgtrickle._add_hashes(bigint, bigint),
  pgtrickle._hash_text(bigint), pgtrickle._copy_rows(text, regclass) FROM PUBLIC;
