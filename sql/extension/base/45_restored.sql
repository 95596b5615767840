-- A database that was loaded from a dump. Its catalog, change buffers and
-- triggers name relations by the oids that they had where the dump was taken,
-- and stream tables tell what they have consumed by transactions of another
-- cluster. Until a daemon has adopted it, the event triggers keep still, and
-- capture goes on under the former names.

-- Whether stream tables have been loaded, and not yet adopted.
CREATE FUNCTION pgtrickle._is_restored() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home uuid := pgtrickle._home();
BEGIN
  RETURN coalesce((SELECT origin FROM pgtrickle.pgt_stream_tables ORDER BY origin LIMIT 1) <> home
               OR (SELECT origin FROM pgtrickle.pgt_stream_tables ORDER BY origin DESC LIMIT 1) <> home, false);
END $$;

-- Why who came to own the database under `epoch`, with the extension of `version`,
-- has to claim it anew; null: it still stands.
CREATE FUNCTION pgtrickle._fenced_because(epoch bigint, version text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE
    WHEN NOT EXISTS (SELECT FROM pgtrickle.pgt_owner o WHERE o.epoch = _fenced_because.epoch) THEN 'another daemon owns the database'
    WHEN NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trickle' AND extversion = version) THEN 'the extension was updated'
    WHEN pgtrickle._is_restored() THEN 'a dump is being loaded into the database' END;
END $$;

-- To be called by whoever comes to own the database. CREATE DATABASE copies the
-- identity too: the copy gets one of its own, so that a dump of either is
-- told from the other.
CREATE FUNCTION pgtrickle._settle_home() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  former uuid := pgtrickle._home();
  present uuid := gen_random_uuid();
BEGIN
  UPDATE pgtrickle.pgt_owner SET home = present, database = d.oid
    FROM pg_database d WHERE d.datname = current_database() AND database IS DISTINCT FROM d.oid;
  IF FOUND THEN
    UPDATE pgtrickle.pgt_stream_tables SET origin = present WHERE origin = former;
    UPDATE pgtrickle.pgt_emptyings SET origin = present WHERE origin = former;
  END IF;
END $$;

-- What has the address now (pgtrickle._address_of); null: nothing.
CREATE FUNCTION pgtrickle._find(address jsonb) RETURNS oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT objid FROM pg_get_object_address(address ->> 'type',
    ARRAY(SELECT jsonb_array_elements_text(address -> 'names')),
    ARRAY(SELECT jsonb_array_elements_text(address -> 'args'))));
EXCEPTION WHEN others THEN
  RETURN NULL;
END $$;

-- Relations that stream tables are or refer to: the former oid, the present one
-- (null: not there), and the present attribute numbers of the columns in use by
-- the former ones.
CREATE FUNCTION pgtrickle._moved_relations()
RETURNS TABLE (relation oid, found oid, name text, attnums jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH known (former, address, columns) AS (
    SELECT r.objid, (array_agg(r.address))[1], jsonb_object_agg(k.key, k.value) FILTER (WHERE k.key IS NOT NULL)
    FROM pgtrickle.pgt_references r LEFT JOIN LATERAL jsonb_each(r.address -> 'columns') k ON true
    WHERE r.classid = 'pg_class'::regclass GROUP BY r.objid
    UNION ALL
    SELECT t.pgt_relid, jsonb_build_object('type', 'table', 'names', jsonb_build_array(t.pgt_schema, t.pgt_name),
                                           'args', '[]'::jsonb), '{}'
    FROM pgtrickle.pgt_stream_tables t
    WHERE NOT EXISTS (SELECT FROM pgtrickle.pgt_references r
                      WHERE r.classid = 'pg_class'::regclass AND r.objid = t.pgt_relid))
  SELECT k.former, f.found, format('%I.%I', k.address -> 'names' ->> 0, k.address -> 'names' ->> 1),
         (SELECT coalesce(jsonb_object_agg(c.key, CASE c.key WHEN '0' THEN 0 ELSE a.attnum END), '{}')
          FROM jsonb_each_text(k.columns) c
          LEFT JOIN pg_attribute a ON a.attrelid = f.found AND a.attname = c.value AND a.attnum > 0)
  FROM known k CROSS JOIN LATERAL pgtrickle._find(k.address) f (found);
END $$;

-- Whether an object is for a program what it was; `attnums` as above.
CREATE FUNCTION pgtrickle._same_facts(former jsonb, present jsonb, attnums jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    former - checked = present - checked OR NOT former ? 'kind', true)
    AND coalesce((former -> 'labels') <@ (present -> 'labels'), true)
    AND coalesce(jsonb_array_length(former -> 'members') = jsonb_array_length(present -> 'members'), true)
    AND coalesce(k.moved IS NULL OR to_jsonb(k.moved) = present -> 'key', true)
    AND coalesce(to_jsonb(n.moved) <@ (present -> 'not_null'), true)
    AND NOT EXISTS (
      SELECT FROM jsonb_each(CASE jsonb_typeof(former -> 'columns') WHEN 'object' THEN former -> 'columns' ELSE '{}' END) c
      CROSS JOIN LATERAL (SELECT present -> 'columns' -> (attnums ->> c.key)) p (now)
      -- types that users made have other oids
      WHERE p.now IS NULL OR c.value -> 1 <> p.now -> 1
         OR ((c.value ->> 0)::bigint < 16384) AND c.value -> 0 <> p.now -> 0)
  FROM (SELECT '{labels,members,key,not_null,columns,row,query}'::text[]) l (checked)
  CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_and(attnums ? e.attnum) THEN array_agg((attnums ->> e.attnum)::int ORDER BY e.at) END
    FROM jsonb_array_elements_text(CASE jsonb_typeof(former -> 'key') WHEN 'array' THEN former -> 'key' ELSE '[]' END)
      WITH ORDINALITY e (attnum, at)) k (moved)
  CROSS JOIN LATERAL (
    SELECT array_agg((attnums ->> e.attnum)::int)
    FROM jsonb_array_elements_text(CASE jsonb_typeof(former -> 'not_null') WHEN 'array' THEN former -> 'not_null'
                                   ELSE '[]' END) e (attnum)) n (moved)
$$;

-- Up to where the captured changes are consumed, and by whom.
CREATE FUNCTION pgtrickle._frontiers()
RETURNS TABLE (holder text, id bigint, seen text, own_xid text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'stream table', pgt_id, frontier ->> 'snapshot', frontier ->> 'own_xid'
  FROM pgtrickle.pgt_stream_tables
  WHERE is_populated AND frontier ->> 'snapshot' IS NOT NULL AND refresh_mode <> 'IMMEDIATE'
$$;

-- Changes a frontier that _frontiers() gave.
CREATE FUNCTION pgtrickle._move_frontier(holder text, id bigint, changes jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE pgtrickle.pgt_stream_tables SET frontier = frontier || changes
  WHERE holder = 'stream table' AND pgt_id = id
$$;

-- Who may be loading the dump at this moment: pg_restore, or a psql that is not
-- idle and was connected before `first_seen`.
CREATE FUNCTION pgtrickle._restoring_session(first_seen timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('%s with the process id %s', application_name, pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND (application_name = 'pg_restore'
         OR application_name = 'psql' AND backend_start < first_seen
            AND (state <> 'idle' OR state_change > clock_timestamp() - interval '2 seconds'))
  ORDER BY pid LIMIT 1
$$;

REVOKE ALL ON FUNCTION pgtrickle._is_restored(), pgtrickle._fenced_because(bigint, text), pgtrickle._settle_home(), pgtrickle._find(jsonb), pgtrickle._moved_relations(), pgtrickle._same_facts(jsonb, jsonb, jsonb),
  pgtrickle._frontiers(), pgtrickle._move_frontier(text, bigint, jsonb), pgtrickle._restoring_session(timestamptz) FROM PUBLIC;
