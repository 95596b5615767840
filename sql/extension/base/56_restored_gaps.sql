-- What of a restored stream table is not as it was when the dump was taken.
-- While the dump is being loaded, this tells that there is more to come;
-- afterwards it tells why a stream table has to be filled anew.

-- How often parts of change buffers were emptied. TRUNCATE is no matter of
-- snapshots: pg_dump, whose snapshot is older than its locks, may find a part
-- empty whose rows its frontiers have not passed. The sequence, which has no
-- snapshot either, then is ahead of the row.
CREATE TABLE pgtrickle.pgt_emptyings (
  origin uuid PRIMARY KEY DEFAULT pgtrickle._home(),
  count  bigint NOT NULL
);
CREATE SEQUENCE pgtrickle.pgt_emptyings_seq MINVALUE 0 START 0;

-- To be called with the part locked. False: it must not be emptied, since it
-- came with a dump, whose frontiers mean nothing yet.
CREATE FUNCTION pgtrickle._count_emptying() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  counted bigint;
BEGIN
  IF pgtrickle._is_restored() THEN
    RETURN false;
  END IF;
  INSERT INTO pgtrickle.pgt_emptyings AS e (count) VALUES (1)
    ON CONFLICT (origin) DO UPDATE SET count = e.count + 1 RETURNING e.count INTO counted;
  PERFORM setval('pgtrickle.pgt_emptyings_seq', counted);
  RETURN true;
END $$;

-- Triggers that have been missing since the dump was loaded: changes may have
-- passed by the stream table.
CREATE FUNCTION pgtrickle._restored_trigger_gaps() RETURNS TABLE (id bigint, gap text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH moved AS MATERIALIZED (SELECT * FROM pgtrickle._moved_relations()),
  -- once for each source, however many read it
  sources AS MATERIALIZED (
    SELECT m.relation, m.found, h.member, EXISTS (SELECT FROM pg_inherits WHERE inhrelid = m.found) AS per_row,
           EXISTS (SELECT FROM pg_class WHERE oid = h.member AND relkind = 'r') AS has_rows
    FROM moved m CROSS JOIN LATERAL pgtrickle._hierarchy_of(m.found) h (member)
    WHERE m.found IS NOT NULL AND m.relation IN (SELECT source_relid FROM pgtrickle.pgt_dependencies)),
  present AS MATERIALIZED (
    SELECT g.tgrelid, g.tgname, g.tgtype, g.tgenabled FROM pg_trigger g WHERE g.tgname ~ '^pgt_'),
  needed (id, relation, trigger, of_stream_table) AS (
    SELECT t.pgt_id, m.member, n.name, d.source_type = 'STREAM_TABLE'
    FROM pgtrickle.pgt_stream_tables t JOIN pgtrickle.pgt_dependencies d USING (pgt_id)
    JOIN sources m ON m.relation = d.source_relid
    CROSS JOIN LATERAL (
      SELECT CASE t.refresh_mode WHEN 'IMMEDIATE' THEN format('pgt_immediate_%s_%s_%s', lpad(t.pgt_id::text, 10, '0'), d.source_relid, e)
                                 ELSE format('pgt_capture_%s_%s', d.source_relid, e) END
      FROM unnest('{insert,update,delete,truncate,replica}'::text[]) e
      WHERE e <> 'replica' OR m.has_rows AND NOT m.per_row AND d.source_type <> 'STREAM_TABLE') n (name)
    WHERE d.source_type <> 'VIEW'
      -- of partitions that are read by themselves, clones have the rows' triggers
      AND NOT (n.name LIKE '%\_truncate' AND m.per_row AND m.member <> m.found)
    UNION ALL
    SELECT t.pgt_id, m.found, g.name, true
    FROM pgtrickle.pgt_stream_tables t JOIN moved m ON m.relation = t.pgt_relid AND m.found IS NOT NULL
    CROSS JOIN unnest('{pgt_dml_guard,pgt_dml_guard_replica}'::text[]) g (name))
  SELECT n.id, format('%s was without its trigger %s', pgtrickle._relation_name(n.relation), n.trigger) FROM needed n
  WHERE NOT EXISTS (SELECT FROM present g WHERE g.tgrelid = n.relation AND g.tgname = n.trigger::name
                    AND g.tgenabled = pgtrickle._firing_of(g.tgname, g.tgtype, n.of_stream_table));
END $$;

-- Objects that programs rely on and that are missing or different.
CREATE FUNCTION pgtrickle._restored_object_gaps() RETURNS TABLE (id bigint, gap text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH moved AS MATERIALIZED (SELECT * FROM pgtrickle._moved_relations()),
  refers AS MATERIALIZED (
    SELECT r.*, CASE WHEN m.relation IS NULL THEN pgtrickle._find(r.address) ELSE m.found END AS found,
           coalesce(m.attnums, '{}') AS attnums
    FROM pgtrickle.pgt_references r
    LEFT JOIN moved m ON m.relation = r.objid AND r.classid = 'pg_class'::regclass)
  SELECT t.pgt_id, format('%I.%I is missing', t.pgt_schema, t.pgt_name)
  FROM pgtrickle.pgt_stream_tables t JOIN moved m ON m.relation = t.pgt_relid WHERE m.found IS NULL
  UNION ALL
  SELECT t.pgt_id, format('%I.%I has other columns', t.pgt_schema, t.pgt_name)
  FROM pgtrickle.pgt_stream_tables t JOIN moved m ON m.relation = t.pgt_relid AND m.found IS NOT NULL
  WHERE ARRAY(SELECT c.value ->> 0 FROM jsonb_each(t.table_columns) c ORDER BY 1)
     <> ARRAY(SELECT c.value ->> 0 FROM jsonb_each(pgtrickle._table_columns(m.found)) c ORDER BY 1)
  UNION ALL
  SELECT r.pgt_id, format('%s %I.%I is missing', r.address ->> 'type', r.schema_name, r.object_name)
  FROM refers r WHERE r.found IS NULL
  UNION ALL
  SELECT r.pgt_id, format('%s %I.%I is not what it was', r.address ->> 'type', r.schema_name, r.object_name)
  FROM refers r
  WHERE r.found IS NOT NULL AND NOT pgtrickle._same_facts(r.facts, pgtrickle._facts_of(r.classid, r.found,
    ARRAY(SELECT (r.attnums ->> k)::smallint FROM jsonb_object_keys(r.columns) k)), r.attnums);
END $$;

-- Parts of a refresh program, and change buffers, that are missing.
CREATE FUNCTION pgtrickle._restored_program_gaps() RETURNS TABLE (id bigint, gap text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT n.id, format('%s is missing', n.relation)
  FROM (SELECT t.pgt_id, s.name FROM pgtrickle.pgt_stream_tables t
        CROSS JOIN LATERAL jsonb_array_elements_text(t.program -> 'state') s (name)
        UNION ALL
        SELECT t.pgt_id, s.name FROM pgtrickle.pgt_stream_tables t
        CROSS JOIN LATERAL jsonb_array_elements_text(t.program -> 'staging') s (name) WHERE t.refresh_mode = 'IMMEDIATE'
        UNION ALL
        SELECT t.pgt_id, format('pgtrickle_changes.changes_%s_%s', d.source_relid, part)
        FROM pgtrickle.pgt_stream_tables t JOIN pgtrickle.pgt_dependencies d USING (pgt_id)
        CROSS JOIN generate_series(0, 1) part
        WHERE d.source_type <> 'VIEW' AND t.refresh_mode <> 'IMMEDIATE') n (id, relation)
  WHERE to_regclass(n.relation) IS NULL
  UNION ALL
  SELECT t.pgt_id, format('pgtrickle_state.refresh_%s is missing', t.pgt_id) FROM pgtrickle.pgt_stream_tables t
  WHERE to_regproc(format('pgtrickle_state.refresh_%s', t.pgt_id)) IS NULL
  UNION ALL
  SELECT t.pgt_id, 'change buffers were emptied while the dump began'
  FROM pgtrickle.pgt_stream_tables t, pgtrickle.pgt_emptyings_seq s
  WHERE t.refresh_mode <> 'IMMEDIATE'
    AND coalesce((SELECT max(e.count) FROM pgtrickle.pgt_emptyings e WHERE e.origin <> pgtrickle._home()), 0) <> s.last_value;
END $$;

-- For each stream table that is not whole, the first reason.
CREATE FUNCTION pgtrickle._restored_gaps() RETURNS TABLE (id bigint, gap text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT ON (g.id) g.id, g.gap
  FROM (SELECT 1, * FROM pgtrickle._restored_object_gaps()
        UNION ALL SELECT 2, * FROM pgtrickle._restored_program_gaps()
        UNION ALL SELECT 3, * FROM pgtrickle._restored_trigger_gaps()) g (place, id, gap)
  ORDER BY g.id, g.place, g.gap
$$;

REVOKE ALL ON FUNCTION pgtrickle._count_emptying(), pgtrickle._restored_trigger_gaps(), pgtrickle._restored_object_gaps(),
  pgtrickle._restored_program_gaps(), pgtrickle._restored_gaps() FROM PUBLIC;
