-- The steps by which a daemon adopts a restored database, in one transaction.
-- Their temporary tables are gone with it:
--   __pgt_moved      what _moved_relations() gave
--   __pgt_announced  the rows of `touched`, with who wrote them

-- Waits for all writers of the relations concerned, and keeps others out.
CREATE FUNCTION pgtrickle._lock_restored() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  member oid;
BEGIN
  FOR member IN SELECT DISTINCT h FROM pgtrickle._moved_relations() m
                JOIN pg_class c ON c.oid = m.found AND c.relkind IN ('r', 'p')
                CROSS JOIN LATERAL pgtrickle._hierarchy_of(m.found) h ORDER BY h LOOP
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', member::regclass);
  END LOOP;
END $$;

-- Takes down what has a former oid in its name, and lays change buffers aside
-- as restored_<former oid>.
CREATE FUNCTION pgtrickle._detach_restored() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning AS $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT g.tgname, g.tgrelid::regclass AS relation FROM pg_trigger g
               WHERE g.tgfoid = 'pgtrickle._capture'::regproc AND g.tgparentid = 0 LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
  END LOOP;
  FOR found IN SELECT c.oid::regclass AS name FROM pg_class c
               WHERE c.relnamespace = 'pgtrickle_state'::regnamespace AND c.relkind = 'v' AND c.relname ~ '^source_\d+_\d+$' LOOP
    EXECUTE format('DROP VIEW %s', found.name);
  END LOOP;
  FOR found IN SELECT c.oid::regclass AS name, c.relname FROM pg_class c
               WHERE c.relnamespace = 'pgtrickle_changes'::regnamespace AND c.relname ~ '^changes_\d+(_[01])?$' LOOP
    EXECUTE format('ALTER TABLE %s RENAME TO %I', found.name, 'restored_' || substr(found.relname, 9));
  END LOOP;
  CREATE TEMP TABLE __pgt_announced ON COMMIT DROP AS
    SELECT t.*, t.xmin::text::bigint AS writer FROM pgtrickle_changes.touched t;
  TRUNCATE ONLY pgtrickle_changes.touched_0, pgtrickle_changes.touched_1;
END $$;

-- Puts the present oids and attribute numbers into the catalog. Returns the
-- stream tables whose table is missing. What a stream table refers to and is
-- missing is left out.
CREATE FUNCTION pgtrickle._relink_restored() RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CREATE TEMP TABLE __pgt_tables ON COMMIT DROP AS
    SELECT t.pgt_id, m.found, (4294967295 - row_number() OVER ())::oid AS nobodys
    FROM pgtrickle.pgt_stream_tables t JOIN pg_temp.__pgt_moved m ON m.relation = t.pgt_relid;
  CREATE TEMP TABLE __pgt_sources ON COMMIT DROP AS
    SELECT d.pgt_id, m.found, d.source_type,
           ARRAY(SELECT (m.attnums ->> a::text)::smallint FROM unnest(d.columns_used) a
                 WHERE m.attnums ->> a::text IS NOT NULL ORDER BY 1) AS attnums
    FROM pgtrickle.pgt_dependencies d JOIN pg_temp.__pgt_moved m ON m.relation = d.source_relid WHERE m.found IS NOT NULL;
  CREATE TEMP TABLE __pgt_refers ON COMMIT DROP AS
    SELECT r.pgt_id, r.classid, f.found, r.schema_name, r.object_name, c.columns
    FROM pgtrickle.pgt_references r
    LEFT JOIN pg_temp.__pgt_moved m ON m.relation = r.objid AND r.classid = 'pg_class'::regclass
    CROSS JOIN LATERAL (SELECT CASE WHEN m.relation IS NULL THEN pgtrickle._find(r.address) ELSE m.found END) f (found)
    CROSS JOIN LATERAL (SELECT coalesce(jsonb_object_agg(m.attnums ->> k.key, k.value), '{}')
                        FROM jsonb_each(r.columns) k WHERE m.attnums ->> k.key IS NOT NULL) c (columns)
    WHERE f.found IS NOT NULL;
  -- One after the other: a present oid may be the former one of another table.
  UPDATE pgtrickle.pgt_stream_tables t SET pgt_relid = n.nobodys FROM pg_temp.__pgt_tables n WHERE n.pgt_id = t.pgt_id;
  UPDATE pgtrickle.pgt_stream_tables t
    SET pgt_relid = n.found, table_owner = c.relowner, table_columns = pgtrickle._table_columns(n.found),
        pgt_schema = s.nspname, pgt_name = c.relname, definition_version = definition_version + 1,
        ddl_serial = ddl_serial + 1, updated_at = now()
    FROM pg_temp.__pgt_tables n JOIN pg_class c ON c.oid = n.found JOIN pg_namespace s ON s.oid = c.relnamespace
    WHERE n.pgt_id = t.pgt_id;
  DELETE FROM pgtrickle.pgt_dependencies;
  INSERT INTO pgtrickle.pgt_dependencies SELECT * FROM pg_temp.__pgt_sources;
  DELETE FROM pgtrickle.pgt_references;
  INSERT INTO pgtrickle.pgt_references
    SELECT r.pgt_id, r.classid, r.found, r.schema_name, r.object_name, r.columns,
           pgtrickle._facts_of(r.classid, r.found, ARRAY(SELECT jsonb_object_keys(r.columns)::smallint)),
           pgtrickle._address_of(r.classid, r.found, r.columns)
    FROM pg_temp.__pgt_refers r;
  RETURN QUERY SELECT n.pgt_id FROM pg_temp.__pgt_tables n WHERE n.found IS NULL;
END $$;

-- Whether `xid` may be that of the transaction in this cluster that wrote a row
-- with `writer` as its xmin: itself, or the parent of a subtransaction; no
-- transaction here wrote before the extension was created.
CREATE FUNCTION pgtrickle._may_have_written(xid xid8, writer bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (writer - low) & 4294967295 < 2147483648
     AND (low - (SELECT xmin::text::bigint FROM pgtrickle.pgt_secret)) & 4294967295 < 2147483648
  FROM (SELECT xid::text::numeric % 4294967296) x (modulus), LATERAL (SELECT modulus::bigint) l (low)
$$;

-- Loads the new change buffer of `source` with what its former one holds for
-- somebody. Changes of the dump whose transactions lie from `froms` to before
-- `tos` get the transaction `labels`; those that were captured since it was
-- loaded get `newest`: they are announced, which those of the dump are not.
-- False: the former one lacks a column.
CREATE FUNCTION pgtrickle._load_changes(former oid, source oid, attnums jsonb, froms xid8[], tos xid8[], labels xid8[],
                                        newest xid8) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  laid_aside text := format('pgtrickle_changes.restored_%s', former);
  fits boolean;
  targets text;
  origins text;
BEGIN
  SELECT coalesce(bool_and(a.attnum IS NOT NULL AND format_type(a.atttypid, a.atttypmod) = c.type), true),
         string_agg(format(', c%s', c.attnum), '' ORDER BY c.attnum), string_agg(format(', o.c%s', f.key), '' ORDER BY c.attnum)
    INTO fits, targets, origins
  FROM pgtrickle._captured_attnums(source) used
  JOIN pgtrickle._columns_of(source) c ON c.attnum = used.attnum
  LEFT JOIN jsonb_each_text(attnums) f ON f.value = c.attnum::text
  LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(laid_aside) AND a.attname = 'c' || f.key AND NOT a.attisdropped;
  IF NOT fits OR to_regclass(laid_aside) IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('
    INSERT INTO pgtrickle_changes.changes_%1$s_0 (__xid, __weight%2$s)
    SELECT CASE WHEN n.xid IS NULL THEN l.label ELSE $5 END, o.__weight%3$s
    FROM (SELECT 0 AS __part, (ctid::text::point)[0]::bigint AS __block, xmin::text::bigint AS __writer, r.* FROM %4$s_0 r
          UNION ALL SELECT 1, (ctid::text::point)[0]::bigint, xmin::text::bigint, r.* FROM %4$s_1 r) o
    LEFT JOIN (SELECT part, xid, min(first_block) AS first, max(last_block) AS last FROM pg_temp.__pgt_announced
               WHERE source = $1 AND NOT truncated GROUP BY part, xid) n
      ON n.part = o.__part AND n.xid = o.__xid AND o.__block BETWEEN n.first AND n.last
      AND pgtrickle._may_have_written(o.__xid, o.__writer)
    LEFT JOIN unnest($2, $3, $4) l (first, beyond, label)
      ON n.xid IS NULL AND o.__xid >= l.first AND (l.beyond IS NULL OR o.__xid < l.beyond)
    WHERE n.xid IS NOT NULL OR l.label IS NOT NULL ORDER BY 1', source, targets, origins, laid_aside)
    USING former, froms, tos, labels, newest;
  EXECUTE format('
    INSERT INTO pgtrickle_changes.touched_0
    SELECT r.__xid, %1$s, 0, false, count(*), min(r.block), max(r.block)
    FROM (SELECT __xid, (ctid::text::point)[0]::bigint AS block FROM pgtrickle_changes.changes_%1$s_0) r GROUP BY r.__xid', source);
  INSERT INTO pgtrickle_changes.touched_0
    SELECT DISTINCT CASE WHEN n.is_new THEN newest ELSE l.label END, _load_changes.source, 0::smallint, true, 0, 0, 0
    FROM (SELECT a.xid, pgtrickle._may_have_written(a.xid, a.writer) AS is_new FROM pg_temp.__pgt_announced a
          WHERE a.source = former AND a.truncated) n
    LEFT JOIN unnest(froms, tos, labels) l (first, beyond, label)
      ON NOT n.is_new AND n.xid >= l.first AND (l.beyond IS NULL OR n.xid < l.beyond)
    WHERE n.is_new OR l.label IS NOT NULL;
  RETURN true;
END $$;

-- For what else came with the dump: after the stream tables' oids are the present
-- ones, and at the end.
CREATE FUNCTION pgtrickle._begin_adopting_snapshots() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS '';
CREATE FUNCTION pgtrickle._end_adopting_snapshots() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS '';

-- The database is this catalog's own from here on.
CREATE FUNCTION pgtrickle._end_adoption() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning AS $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT c.oid::regclass AS name FROM pg_class c
               WHERE c.relnamespace = 'pgtrickle_changes'::regnamespace AND c.relname ~ '^restored_\d+$' LOOP
    EXECUTE format('DROP TABLE %s CASCADE', found.name);
  END LOOP;
  UPDATE pgtrickle.pgt_stream_tables
    SET origin = pgtrickle._home(), frontier = CASE WHEN refresh_mode <> 'IMMEDIATE' THEN frontier END;
  DELETE FROM pgtrickle.pgt_emptyings;
  PERFORM setval('pgtrickle.pgt_emptyings_seq', 0, false);
END $$;

REVOKE ALL ON FUNCTION pgtrickle._lock_restored(), pgtrickle._detach_restored(), pgtrickle._relink_restored(),
  pgtrickle._may_have_written(xid8, bigint), pgtrickle._begin_adopting_snapshots(), pgtrickle._end_adopting_snapshots(),
  pgtrickle._load_changes(oid, oid, jsonb, xid8[], xid8[], xid8[], xid8), pgtrickle._end_adoption() FROM PUBLIC;
