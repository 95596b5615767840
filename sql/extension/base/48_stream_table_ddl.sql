-- DDL on a stream table itself. Its owner may do what leaves its rows to the
-- refreshes; the rest is refused, in the user's own command.

-- Its columns as the refresh program knows them.
CREATE FUNCTION pgtrickle._table_columns(relation oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(attnum, jsonb_build_array(attname, atttypid::bigint, atttypmod, attcollation::bigint,
                                                             attgenerated, attidentity)), '{}')
  FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
$$;

-- What makes `relation`, a stream table, unfit to be one; null: nothing.
CREATE FUNCTION pgtrickle._unfitness_of(relation oid, OUT what text, OUT remedy text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = relation) THEN
    RETURN;
  END IF;
  SELECT u.what, u.remedy INTO what, remedy
  FROM pg_class c JOIN pgtrickle.pgt_stream_tables t ON t.pgt_relid = c.oid
  CROSS JOIN LATERAL (
    SELECT 1, 'its columns follow its defining query',
           'Give it another query by pgtrickle.alter_stream_table(…, query => …).'
      WHERE t.table_columns <> pgtrickle._table_columns(relation)
    UNION ALL
    SELECT 2, 'its triggers of the name pgt_… have to stay, and enabled',
           'Name your own triggers in ALTER TABLE … DISABLE TRIGGER.'
      WHERE 2 <> (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = relation
                  AND g.tgfoid = 'pgtrickle._refuse_write'::regproc AND g.tgenabled = pgtrickle._firing_of(g.tgname, g.tgtype, true))
    UNION ALL
    SELECT 3, 'its rows have to survive a crash', 'Leave it LOGGED.' WHERE c.relpersistence <> 'p'
    UNION ALL
    SELECT 4, 'its refreshes run as its owner, and have to see all rows',
           'Use ENABLE ROW LEVEL SECURITY without FORCE.' WHERE c.relforcerowsecurity
    UNION ALL
    SELECT 5, 'it can be neither a partition, nor a parent or child of another table',
           'Combine it with other tables in a view.'
      WHERE EXISTS (SELECT FROM pg_inherits WHERE relation IN (inhrelid, inhparent))
    UNION ALL
    SELECT 6, 'a trigger BEFORE … FOR EACH ROW could change its rows', 'Use an AFTER trigger.'
      WHERE EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = relation AND NOT g.tgisinternal AND g.tgtype & 3 = 3)
    UNION ALL
    SELECT 7, 'a rule could change its rows', 'Use an AFTER trigger.'
      WHERE EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = relation)
  ) u (place, what, remedy)
  WHERE c.oid = relation ORDER BY u.place LIMIT 1;
END $$;

-- Refuses what the user's command has made of a stream table.
CREATE FUNCTION pgtrickle._refuse_unfit(relation oid, command text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
BEGIN
  SELECT u.what, u.remedy INTO found FROM pgtrickle._unfitness_of(relation) u;
  IF found.what IS NOT NULL AND NOT pgtrickle._internal_refresh() THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('%s: %s is a stream table, and %s', command, pgtrickle._relation_name(relation), found.what),
      HINT = found.remedy;
  END IF;
END $$;

-- Follows a stream table that was renamed, moved or given to another owner: its
-- program names it and runs as its owner.
CREATE FUNCTION pgtrickle._follow_stream_table(relation oid, why text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_stream_tables t
    SET pgt_schema = n.nspname, pgt_name = c.relname, table_owner = c.relowner,
        needs_recompile = true,
        needs_reinit = t.needs_reinit OR t.table_owner <> c.relowner OR t.refresh_mode = 'IMMEDIATE',
        reinit_reason = CASE WHEN (t.table_owner <> c.relowner OR t.refresh_mode = 'IMMEDIATE') AND NOT t.needs_reinit
                             THEN why ELSE reinit_reason END,
        ddl_serial = ddl_serial + 1, updated_at = now()
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE t.pgt_relid = relation AND c.oid = relation
    AND (t.pgt_schema, t.pgt_name, t.table_owner) IS DISTINCT FROM (n.nspname, c.relname, c.relowner);
  RETURN FOUND;
END $$;

-- What needs one of these columns of a stream table, and would be in the way of
-- their going.
CREATE FUNCTION pgtrickle._column_dependents(relation oid, attnums smallint[]) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT CASE WHEN w.ev_class IS NULL THEN pg_describe_object(d.classid, d.objid, 0)
                       ELSE pg_describe_object('pg_class'::regclass, w.ev_class, 0) END
  FROM pg_depend d LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND d.refobjsubid = ANY (attnums)
    AND d.deptype = 'n'
  UNION
  SELECT 'stream table ' || pgtrickle._relation_name(t.pgt_relid)
  FROM pgtrickle.pgt_references r JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
  WHERE r.classid = 'pg_class'::regclass AND r.objid = relation
    AND r.columns ?| ARRAY(SELECT a::text FROM unnest(attnums || 0::smallint) a)
  ORDER BY 1
$$;

REVOKE ALL ON FUNCTION pgtrickle._column_dependents(oid, smallint[]), pgtrickle._table_columns(oid), pgtrickle._unfitness_of(oid),
  pgtrickle._refuse_unfit(oid, text), pgtrickle._follow_stream_table(oid, text) FROM PUBLIC;
