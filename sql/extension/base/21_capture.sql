-- Capture: statement-level triggers write the changes of a source into its
-- change buffer. The buffer's columns are named by attribute number, so a
-- rename passes it by; a row of weight 0 stands for a TRUNCATE.

-- A table and everything whose rows it shows: partitions, inheritance children.
CREATE FUNCTION pgtrickle._hierarchy_of(source oid) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE members (relid) AS (
    SELECT source UNION SELECT i.inhrelid FROM members m JOIN pg_inherits i ON i.inhparent = m.relid)
  SELECT relid FROM members
$$;

-- The columns of a source that its buffer holds. IMMEDIATE stream tables take
-- their changes without a buffer.
CREATE FUNCTION pgtrickle._captured_columns(source oid) RETURNS TABLE (attnum smallint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT unnest(d.columns_used)
  FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
  WHERE d.source_relid = source AND t.refresh_mode <> 'IMMEDIATE'
$$;

-- Whether some stream table needs the source's changes in a buffer.
CREATE FUNCTION pgtrickle._needs_capture(source oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
    WHERE d.source_relid = source AND d.source_type <> 'VIEW' AND t.refresh_mode <> 'IMMEDIATE')
$$;

-- Writes the trigger function that copies the changes of `member` into the
-- buffer of `source`; columns are matched by name, as inheritance does.
CREATE FUNCTION pgtrickle._create_capture_function(source oid, member oid, per_row boolean)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  function_name text := format('pgtrickle_changes.capture_%s_%s', source, member);
  buffer text := format('pgtrickle_changes.changes_%s', source);
  columns text;  -- ", c1, c2"
  olds text;
  news text;
BEGIN
  SELECT coalesce(string_agg(format(', c%s', s.attnum), '' ORDER BY s.attnum), ''),
         coalesce(string_agg(format(', o.%I', m.attname), '' ORDER BY s.attnum), ''),
         coalesce(string_agg(format(', n.%I', m.attname), '' ORDER BY s.attnum), '')
    INTO columns, olds, news
  FROM pgtrickle._captured_columns(source) used
  JOIN pg_attribute s ON s.attrelid = source AND s.attnum = used.attnum AND NOT s.attisdropped
  JOIN pg_attribute m ON m.attrelid = member AND m.attname = s.attname AND NOT m.attisdropped;

  EXECUTE format($function$
    CREATE OR REPLACE FUNCTION %1$s() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        INSERT INTO %2$s (__xid, __weight%3$s) SELECT pg_current_xact_id(), 1%5$s FROM %7$s n;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO %2$s (__xid, __weight%3$s) SELECT pg_current_xact_id(), -1%4$s FROM %6$s o;
      ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO %2$s (__xid, __weight%3$s)
          SELECT pg_current_xact_id(), -1%4$s FROM %6$s o
          UNION ALL SELECT pg_current_xact_id(), 1%5$s FROM %7$s n;
      ELSE
        -- Nulls of a join: a domain does not check them, as it would a default.
        INSERT INTO %2$s (__xid, __weight%3$s)
          SELECT pg_current_xact_id(), 0%3$s FROM (VALUES (true)) AS one LEFT JOIN %2$s ON false;
      END IF;
      IF FOUND THEN
        INSERT INTO pgtrickle_changes.touched VALUES (pg_current_xact_id(), %8$s);
      END IF;
      RETURN NULL;
    END $body$ $function$,
    function_name, buffer, columns, olds, news,
    CASE WHEN per_row THEN '(SELECT OLD.*)' ELSE '__old' END,
    CASE WHEN per_row THEN '(SELECT NEW.*)' ELSE '__new' END, source);
  EXECUTE format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', function_name);
  RETURN function_name;
END $$;

-- Removes triggers and functions that capture for `source` what members other
-- than `kept` write.
CREATE FUNCTION pgtrickle._drop_capture(source oid, kept oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT t.tgname, t.tgrelid::regclass AS tgrelid FROM pg_trigger t
               WHERE t.tgname LIKE format('pgt\_capture\_%s\_%%', source) AND t.tgparentid = 0
               AND t.tgrelid <> ALL (kept) LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', found.tgname, found.tgrelid);
  END LOOP;
  FOR found IN SELECT p.oid::regprocedure AS name FROM pg_proc p
               WHERE p.pronamespace = 'pgtrickle_changes'::regnamespace
               AND p.proname LIKE format('capture\_%s\_%%', source)
               AND split_part(p.proname, '_', 3) <> ALL (kept::text[]) LOOP
    EXECUTE format('DROP FUNCTION %s', found.name);
  END LOOP;
END $$;

-- Sources whose triggers are not of the kind that they need: row by row for a
-- partition or an inheritance child, else by statement.
CREATE FUNCTION pgtrickle._misfitting_sources() RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.tgrelid FROM pg_trigger t
  WHERE t.tgname = format('pgt_capture_%s_insert', t.tgrelid)
    AND (t.tgtype & 1 = 1) <> EXISTS (SELECT FROM pg_inherits WHERE inhrelid = t.tgrelid)
$$;

-- Makes the capture of `source` what its stream tables need: buffer, columns,
-- functions, triggers. Takes SHARE ROW EXCLUSIVE on the source's tables.
-- Silent: it runs within the user's own ALTER TABLE.
CREATE FUNCTION pgtrickle._install_capture(source oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning AS $$
DECLARE
  buffer text := format('pgtrickle_changes.changes_%s', source);
  -- Rows of a partition or child may be written through its parent, whose
  -- statement-level triggers can't tell them apart: row-level ones then.
  per_row boolean := EXISTS (SELECT FROM pg_inherits WHERE inhrelid = source);
  needed record;
  member oid;
  event record;
  function_name text;
BEGIN
  -- A writer that is inside the trigger function now would go on with its old
  -- columns, and commit after the new reader has taken its snapshot: wait for
  -- all writers, table before buffer, as they lock them.
  FOR member IN SELECT relid FROM pgtrickle._hierarchy_of(source) AS relid ORDER BY relid LOOP
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', member::regclass);
  END LOOP;
  EXECUTE format('CREATE TABLE IF NOT EXISTS %s (__xid xid8 NOT NULL, __weight smallint NOT NULL)
                  WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_threshold = -1)', buffer);
  EXECUTE format('CREATE INDEX IF NOT EXISTS changes_%s_xid ON %s (__xid)', source, buffer);
  FOR needed IN
    SELECT c.attnum, c.type, c.collation_name
    FROM pgtrickle._captured_columns(source) used
    JOIN pgtrickle._columns_of(source) c ON c.attnum = used.attnum
  LOOP
    IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = buffer::regclass
               AND a.attname = 'c' || needed.attnum
               AND format_type(a.atttypid, a.atttypmod) <> needed.type) THEN
      -- the column's type was changed: what was captured before is of no use
      EXECUTE format('ALTER TABLE %s DROP COLUMN c%s CASCADE', buffer, needed.attnum);
    END IF;
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS c%s %s %s', buffer, needed.attnum,
                   needed.type, CASE WHEN needed.collation_name <> '' THEN 'COLLATE ' || needed.collation_name END);
  END LOOP;

  PERFORM pgtrickle._drop_capture(source,
    CASE WHEN source IN (SELECT pgtrickle._misfitting_sources()) THEN '{}'
         ELSE ARRAY(SELECT pgtrickle._hierarchy_of(source)) END);
  FOR member IN SELECT relid FROM pgtrickle._hierarchy_of(source) AS relid ORDER BY relid LOOP
    function_name := pgtrickle._create_capture_function(source, member, per_row);
    CONTINUE WHEN per_row AND EXISTS (
      -- row-level triggers of a partitioned table are cloned to its partitions
      SELECT FROM pg_trigger WHERE tgrelid = member AND tgname = format('pgt_capture_%s_insert', source));
    FOR event IN
      SELECT * FROM (VALUES
        ('insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS __new'),
        ('update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS __old NEW TABLE AS __new'),
        ('delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS __old'),
        ('truncate', 'AFTER TRUNCATE', '')) AS e (name, event, tables)
    LOOP
      CONTINUE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = member
                            AND tgname = format('pgt_capture_%s_%s', source, event.name));
      EXECUTE format('CREATE TRIGGER %I %s ON %s %s FOR EACH %s EXECUTE FUNCTION %s()',
        format('pgt_capture_%s_%s', source, event.name), event.event, member::regclass,
        CASE WHEN per_row THEN '' ELSE event.tables END,
        CASE WHEN per_row AND event.name <> 'truncate' THEN 'ROW' ELSE 'STATEMENT' END, function_name);
    END LOOP;
  END LOOP;
END $$;

-- Removes the capture of a source that no stream table reads any more.
CREATE FUNCTION pgtrickle._release_capture(source oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning AS $$
BEGIN
  IF pgtrickle._needs_capture(source) THEN
    RETURN;
  END IF;
  PERFORM pgtrickle._drop_capture(source, '{}');
  EXECUTE format('DROP TABLE IF EXISTS pgtrickle_changes.changes_%s CASCADE', source);
  DELETE FROM pgtrickle_changes.touched t WHERE t.source = _release_capture.source;
END $$;

-- Users may not write to a stream table: its next refresh would be built on
-- rows that its query never gave.
CREATE FUNCTION pgtrickle._refuse_write() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pgtrickle._may_write(TG_RELID) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
    MESSAGE = format('%I.%I is a stream table: its rows follow its defining query', TG_TABLE_SCHEMA, TG_TABLE_NAME),
    HINT = 'Change the tables that the query reads.';
END $$;

REVOKE ALL ON FUNCTION pgtrickle._hierarchy_of(oid), pgtrickle._misfitting_sources(),
  pgtrickle._captured_columns(oid), pgtrickle._needs_capture(oid),
  pgtrickle._drop_capture(oid, oid[]), pgtrickle._create_capture_function(oid, oid, boolean),
  pgtrickle._install_capture(oid), pgtrickle._release_capture(oid) FROM PUBLIC;
