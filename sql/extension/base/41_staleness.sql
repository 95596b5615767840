-- How far stream tables are behind. A table whose sources have not changed is
-- fresh, however long ago it was refreshed.

-- Whether the source has changes outside the frontier. What cannot be told
-- counts as changed.
CREATE FUNCTION pgtrickle._has_unseen_changes(source oid, frontier jsonb)
RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT frontier ->> 'snapshot' IS NULL
    OR to_regclass(format('pgtrickle_changes.changes_%s', source)) IS NULL
    OR EXISTS (SELECT FROM pgtrickle._changes_beyond(ARRAY[source], (frontier ->> 'snapshot')::pg_snapshot,
                                                     (frontier ->> 'own_xid')::xid8))
$$;

-- Seconds that a stream table is behind the tables at its root: since the oldest
-- data among those, it and what it reads, that have changes to take in. Null: it
-- was never filled. Reads change buffers, which users may not, and tells nothing
-- but this number.
CREATE FUNCTION pgtrickle._staleness(stream_table bigint)
RETURNS double precision LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH RECURSIVE upstream AS (
    SELECT s.* FROM pgtrickle.pgt_stream_tables s
    WHERE s.pgt_id = stream_table
    UNION
    SELECT s.* FROM upstream u
    JOIN pgtrickle.pgt_dependencies d ON d.pgt_id = u.pgt_id
    JOIN pgtrickle.pgt_stream_tables s ON s.pgt_relid = d.source_relid
  ), pending AS (
    SELECT u.data_timestamp FROM upstream u
    WHERE NOT u.is_populated OR u.needs_reinit OR u.time_dependent
       OR EXISTS (
         SELECT FROM pgtrickle.pgt_dependencies d
         WHERE d.pgt_id = u.pgt_id AND u.refresh_mode <> 'IMMEDIATE'
           AND pgtrickle._has_unseen_changes(d.source_relid, u.frontier))
  )
  SELECT CASE
    WHEN NOT s.is_populated THEN NULL
    ELSE greatest(extract(epoch FROM statement_timestamp() - (
      SELECT min(coalesce(p.data_timestamp, s.data_timestamp)) FROM pending p)), 0)
    END::double precision
  FROM pgtrickle.pgt_stream_tables s WHERE s.pgt_id = stream_table;
END;

CREATE FUNCTION pgtrickle.get_staleness(name text)
RETURNS double precision LANGUAGE sql STABLE
RETURN pgtrickle._staleness(pgtrickle._stream_table_id(name));
