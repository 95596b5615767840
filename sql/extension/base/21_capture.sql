-- Capture: statement-level triggers write the changes of a source into its
-- change buffer, and one row for the statement into `touched`. The buffer's
-- columns are named by attribute number, so a rename passes it by.
-- What is written by a replica (session_replication_role: subscriptions, which
-- apply row by row and know of no statements) is captured by a row-level trigger
-- that fires there only.

CREATE FUNCTION pgtrickle._capture() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'pgtrickle_capture';

-- A table and everything whose rows it shows: partitions, inheritance children.
-- In plpgsql, as what follows: its plans outlive the call.
CREATE FUNCTION pgtrickle._hierarchy_of(source oid) RETURNS SETOF oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE members (relid) AS (
    SELECT source UNION SELECT i.inhrelid FROM members m JOIN pg_inherits i ON i.inhparent = m.relid)
  SELECT m.relid FROM members m;
END $$;

-- Changes when a trigger fires, as ALTER TABLE would.
CREATE FUNCTION pgtrickle._set_firing(relation oid, trigger name, firing "char") RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_set_firing';

-- Whether rows of `relation` itself may be written one by one, as subscriptions
-- do. A partitioned table has none, and stream tables are written by statements.
CREATE FUNCTION pgtrickle._takes_rows(relation oid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM pg_class WHERE oid = relation AND relkind = 'r')
    AND NOT EXISTS (SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = relation);
END $$;

-- When one of our triggers is to fire, as pg_trigger.tgenabled has it: for
-- replicas only, always, or for all but replicas.
CREATE FUNCTION pgtrickle._firing_of(trigger name, type smallint, of_stream_table boolean) RETURNS "char"
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE WHEN trigger ~ '_replica(_[a-z]+)?$' THEN 'R'
              WHEN of_stream_table THEN 'A'
              WHEN trigger ~ '^pgt_capture_' AND (type & 1 = 1 OR trigger ~ '_truncate$') THEN 'A'
              ELSE 'O' END;
END $$;

-- The columns of a source that its buffer holds. IMMEDIATE stream tables take
-- their changes without a buffer.
CREATE FUNCTION pgtrickle._captured_attnums(source oid) RETURNS TABLE (attnum smallint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT DISTINCT unnest(d.columns_used)
  FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
  WHERE d.source_relid = source AND t.refresh_mode <> 'IMMEDIATE';
END $$;

-- Whether some stream table needs the source's changes in a buffer.
CREATE FUNCTION pgtrickle._needs_capture(source oid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
    WHERE d.source_relid = source AND d.source_type <> 'VIEW' AND t.refresh_mode <> 'IMMEDIATE');
END $$;

-- The same as the trigger takes them: "1,4"; and their names as further arguments.
CREATE FUNCTION pgtrickle._captured_columns(source oid, OUT numbers text, OUT names text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT coalesce(string_agg(a.attnum::text, ',' ORDER BY a.attnum), ''),
         coalesce(string_agg(', ' || quote_literal(a.attname), '' ORDER BY a.attnum), '')
    INTO numbers, names
    FROM pgtrickle._captured_attnums(source) used
    JOIN pg_attribute a ON a.attrelid = source AND a.attnum = used.attnum AND NOT a.attisdropped;
END $$;

-- Removes the triggers that capture for `source` what members other than `kept`
-- write.
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
END $$;

-- Sources whose triggers are not of the kind that they need: row by row for a
-- partition or an inheritance child, else by statement.
CREATE FUNCTION pgtrickle._misfitting_sources() RETURNS SETOF oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT t.tgrelid FROM pg_trigger t
  WHERE t.tgname = format('pgt_capture_%s_insert', t.tgrelid)
    AND (t.tgtype & 1 = 1) <> EXISTS (SELECT FROM pg_inherits WHERE inhrelid = t.tgrelid);
END $$;

-- Makes the triggers on `member` that capture for `source`; `arguments` are theirs.
CREATE FUNCTION pgtrickle._create_capture_triggers(source oid, member oid, per_row boolean, arguments text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  event record;
BEGIN
  FOR event IN
    SELECT e.name, e.event, CASE WHEN per_row THEN '' ELSE e.tables END AS tables,
           CASE WHEN e.name = 'replica' OR per_row AND e.name <> 'truncate' THEN 'ROW' ELSE 'STATEMENT' END AS level
    FROM (VALUES
      ('insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS __new'),
      ('update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS __old NEW TABLE AS __new'),
      ('delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS __old'),
      ('truncate', 'AFTER TRUNCATE', ''),
      ('replica', 'AFTER INSERT OR UPDATE OR DELETE', '')) AS e (name, event, tables)
    WHERE e.name <> 'replica' OR NOT per_row AND pgtrickle._takes_rows(member)
  LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER %I %s ON %s %s FOR EACH %s EXECUTE FUNCTION pgtrickle._capture(%s)',
      format('pgt_capture_%s_%s', source, event.name), event.event, member::regclass, event.tables, event.level, arguments);
  END LOOP;
END $$;

-- DISABLE TRIGGER ALL is meant for others than capture: without it, rows would
-- be missing. ENABLE TRIGGER ALL would have rows captured twice. A guard that is
-- disabled is left to pgtrickle._unfitness_of.
CREATE FUNCTION pgtrickle._keep_capturing(relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  PERFORM pgtrickle._set_firing(t.tgrelid, t.tgname, f.firing)
  FROM pgtrickle._hierarchy_of(relation) m JOIN pg_trigger t ON t.tgrelid = m
  CROSS JOIN LATERAL (SELECT pgtrickle._firing_of(t.tgname, t.tgtype, t.tgname ~ '^pgt_dml_guard' OR EXISTS (
    SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = m))) f (firing)
  WHERE (t.tgname ~ '^pgt_(capture|immediate)_\d+_' OR t.tgname ~ '^pgt_dml_guard' AND t.tgenabled = 'O')
    AND t.tgenabled <> f.firing;
END $$;

-- What lies beyond the frontiers on `source` is lost. Whoever compiles anew knows
-- by itself; this is for those that may come back to an old frontier.
CREATE FUNCTION pgtrickle._changes_lost(source oid, why text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS '';

-- The change buffer of `source`, with the columns that are captured. In few
-- statements: each of them fires the event triggers.
CREATE FUNCTION pgtrickle._create_buffer(source oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  buffer text := format('pgtrickle_changes.changes_%s', source);
  is_new boolean := to_regclass(buffer) IS NULL;
  outdated text;
  missing text[];
BEGIN
  -- If a column's type was changed, what was captured before is of no use.
  SELECT string_agg(format('DROP COLUMN c%s CASCADE, ', c.attnum), '') FILTER (WHERE a.attnum IS NOT NULL),
         array_agg(format('c%s %s %s', c.attnum, c.type, 'COLLATE ' || nullif(c.collation_name, ''))
                   ORDER BY c.attnum)
    INTO outdated, missing
  FROM pgtrickle._captured_attnums(source) used
  JOIN pgtrickle._columns_of(source) c ON c.attnum = used.attnum
  LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(buffer) AND a.attname = 'c' || c.attnum
  WHERE a.attnum IS NULL OR format_type(a.atttypid, a.atttypmod) <> c.type;
  IF is_new THEN
    EXECUTE format('CREATE TABLE %s (%s, CONSTRAINT parts_hold_the_rows CHECK (false) NO INHERIT)', buffer,
                   array_to_string('{__xid xid8 NOT NULL,__weight smallint NOT NULL}'::text[] || missing, ', '));
    -- A part is emptied by TRUNCATE and found by block: nothing is to be
    -- vacuumed or analysed.
    FOR part IN 0..1 LOOP
      EXECUTE format('CREATE TABLE %s_%s () INHERITS (%s) WITH (autovacuum_enabled = off)', buffer, part, buffer);
    END LOOP;
  ELSIF missing <> '{}' THEN
    IF outdated IS NOT NULL THEN
      PERFORM pgtrickle._changes_lost(source, format('a column of %s has another type', pgtrickle._relation_name(source)));
    END IF;
    EXECUTE format('ALTER TABLE %s %sADD COLUMN %s', buffer, outdated, array_to_string(missing, ', ADD COLUMN '));
  END IF;
  PERFORM pgtrickle._withhold_statistics(to_regclass(buffer));
END $$;

-- Makes the capture of `source` what its stream tables need: buffer, columns,
-- triggers. Takes SHARE ROW EXCLUSIVE on the source's tables.
-- Silent: it runs within the user's own ALTER TABLE.
CREATE FUNCTION pgtrickle._install_capture(source oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  columns record;
  -- Whether an UPDATE matters that changes none of these.
  compared text := CASE WHEN 0 IN (SELECT attnum FROM pgtrickle._captured_attnums(source))
                        THEN 'all' ELSE 'captured' END;
  -- Rows of a partition or child may be written through its parent, whose
  -- statement-level triggers can't tell them apart: row-level ones then.
  per_row boolean := EXISTS (SELECT FROM pg_inherits WHERE inhrelid = source);
  member oid;
BEGIN
  -- A writer that is inside the trigger function now would go on with its old
  -- columns, and commit after the new reader has taken its snapshot: wait for
  -- all writers, table before buffer, as they lock them.
  FOR member IN SELECT relid FROM pgtrickle._hierarchy_of(source) AS relid ORDER BY relid LOOP
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', member::regclass);
  END LOOP;
  PERFORM pgtrickle._create_buffer(source);
  SELECT * INTO columns FROM pgtrickle._captured_columns(source);
  PERFORM pgtrickle._drop_capture(source,
    CASE WHEN source IN (SELECT pgtrickle._misfitting_sources()) THEN '{}'
         ELSE ARRAY(SELECT pgtrickle._hierarchy_of(source)) END);
  FOR member IN SELECT relid FROM pgtrickle._hierarchy_of(source) AS relid ORDER BY relid LOOP
    -- row-level triggers of a partitioned table are cloned to its partitions
    CONTINUE WHEN per_row AND EXISTS (
      SELECT FROM pg_trigger WHERE tgrelid = member AND tgparentid <> 0
      AND tgname = format('pgt_capture_%s_insert', source));
    PERFORM pgtrickle._create_capture_triggers(source, member, per_row,
      format('%L, %L, %L%s', source, columns.numbers, compared, columns.names));
  END LOOP;
  PERFORM pgtrickle._keep_capturing(source);
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

-- Subscriptions fire no statement-level triggers for what they apply.
CREATE FUNCTION pgtrickle._install_guard(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER pgt_dml_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION pgtrickle._refuse_write()', relation);
  EXECUTE format('CREATE TRIGGER pgt_dml_guard_replica AFTER INSERT OR UPDATE OR DELETE ON %s
                  FOR EACH ROW EXECUTE FUNCTION pgtrickle._refuse_write()', relation);
  PERFORM pgtrickle._keep_capturing(relation);
END $$;

REVOKE ALL ON FUNCTION pgtrickle._capture(), pgtrickle._hierarchy_of(oid), pgtrickle._misfitting_sources(), pgtrickle._keep_capturing(oid),
  pgtrickle._changes_lost(oid, text), pgtrickle._drop_capture(oid, oid[]), pgtrickle._captured_columns(oid),
  pgtrickle._captured_attnums(oid), pgtrickle._needs_capture(oid),
  pgtrickle._create_buffer(oid), pgtrickle._set_firing(oid, name, "char"), pgtrickle._firing_of(name, smallint, boolean), pgtrickle._takes_rows(oid), pgtrickle._install_guard(regclass),
  pgtrickle._create_capture_triggers(oid, oid, boolean, text), pgtrickle._install_capture(oid), pgtrickle._release_capture(oid) FROM PUBLIC;
