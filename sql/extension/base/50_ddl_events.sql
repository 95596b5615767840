-- DDL that touches what stream tables stand on. Never wrong rows: a change of
-- a source re-initialises its stream tables, and capture follows it in the
-- same transaction.

-- What a change of `relation` concerns: itself, what it hangs on or hung on
-- until now, and sources that were made or unmade partitions by it.
CREATE FUNCTION pgtrickle._sources_concerned(relation oid) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE above (relid) AS (
    SELECT relation UNION SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.relid),
  concerned (relid) AS (
    SELECT relid FROM above
    UNION SELECT split_part(t.tgname, '_', 3)::oid FROM pg_trigger t
          WHERE t.tgrelid = relation AND t.tgname ~ '^pgt_capture_\d+_'
    UNION SELECT pgtrickle._misfitting_sources())
  SELECT DISTINCT d.source_relid FROM concerned c JOIN pgtrickle.pgt_dependencies d ON d.source_relid = c.relid
$$;

CREATE FUNCTION pgtrickle._mark_for_reinit(source oid, why text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE pgtrickle.pgt_stream_tables t SET needs_reinit = true, reinit_reason = why, updated_at = now()
  FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = t.pgt_id AND d.source_relid = source
$$;

-- The rows of `source` may be others than captured: capture is made anew, and
-- its stream tables are filled again.
CREATE FUNCTION pgtrickle._follow_source(source oid, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pgtrickle._mark_for_reinit(source, why);
  IF pgtrickle._needs_capture(source) THEN
    PERFORM pgtrickle._install_capture(source);
  END IF;
END $$;

-- Follows a stream table that was renamed or moved: its program names it.
CREATE FUNCTION pgtrickle._follow_stream_table(relation oid, why text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_stream_tables t
    SET pgt_schema = n.nspname, pgt_name = c.relname, needs_reinit = true, reinit_reason = why, updated_at = now()
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE t.pgt_relid = relation AND c.oid = relation AND (t.pgt_schema, t.pgt_name) <> (n.nspname, c.relname);
  RETURN FOUND;
END $$;

CREATE FUNCTION pgtrickle._on_ddl_end() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  command record;
  source oid;
  any_known boolean := false;
BEGIN
  FOR command IN SELECT DISTINCT objid, object_identity, command_tag FROM pg_event_trigger_ddl_commands()
                 WHERE classid = 'pg_class'::regclass AND schema_name NOT IN ('pgtrickle_changes', 'pgtrickle_state') LOOP
    any_known := pgtrickle._follow_stream_table(command.objid,
      format('%s on %s', command.command_tag, command.object_identity)) OR any_known;
    any_known := pgtrickle._follow_immediate(command.objid) OR any_known;
    FOR source IN SELECT pgtrickle._sources_concerned(command.objid) LOOP
      any_known := true;
      PERFORM pgtrickle._follow_source(source, format('%s on %s', command.command_tag, command.object_identity));
    END LOOP;
  END LOOP;
  IF any_known THEN
    NOTIFY pgtrickle_catalog;
  END IF;
END $$;

-- Drops what the refreshes of a stream table need: views of change buffers,
-- arrangements, the refresh function.
CREATE FUNCTION pgtrickle._drop_program(id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT c.oid::regclass AS name, c.relkind = 'v' AS is_view FROM pg_class c
               WHERE c.relnamespace = 'pgtrickle_state'::regnamespace AND c.relkind IN ('r', 'v')
               AND c.relname ~ format('^[a-z][a-z0-9_]*_%s_[0-9]+$', id) LOOP
    EXECUTE format('DROP %s %s', CASE WHEN found.is_view THEN 'VIEW' ELSE 'TABLE' END, found.name);
  END LOOP;
  IF to_regproc(format('pgtrickle_state.refresh_%s', id)) IS NOT NULL THEN
    EXECUTE format('DROP FUNCTION pgtrickle_state.refresh_%s', id);
  END IF;
END $$;

-- Forgets a stream table whose table is gone, with all that belonged to it.
CREATE FUNCTION pgtrickle._forget_stream_table(id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  sources oid[];
  own oid;
BEGIN
  SELECT coalesce(array_agg(source_relid), '{}') INTO sources FROM pgtrickle.pgt_dependencies
    WHERE pgt_id = id AND source_type <> 'VIEW';
  SELECT pgt_relid INTO own FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id;
  PERFORM pgtrickle._drop_immediate(id, '{}');
  PERFORM pgtrickle._drop_program(id);
  DELETE FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id;
  PERFORM pgtrickle._release_capture(s) FROM unnest(sources || own) AS s;
END $$;

CREATE FUNCTION pgtrickle._on_sql_drop() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone record;
  any_known boolean := false;
BEGIN
  -- DROP EXTENSION takes the catalog with it
  IF to_regclass('pgtrickle.pgt_stream_tables') IS NULL THEN
    RETURN;
  END IF;
  FOR gone IN SELECT o.objid, o.object_identity FROM pg_event_trigger_dropped_objects() o
              WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 LOOP
    IF EXISTS (SELECT FROM pgtrickle.pgt_dependencies WHERE source_relid = gone.objid) THEN
      any_known := true;
      UPDATE pgtrickle.pgt_stream_tables t
        SET needs_reinit = true, reinit_reason = format('source %s was dropped', gone.object_identity),
            updated_at = now()
      FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = t.pgt_id AND d.source_relid = gone.objid;
    END IF;
    IF EXISTS (SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = gone.objid) THEN
      any_known := true;
      PERFORM pgtrickle._forget_stream_table(t.pgt_id) FROM pgtrickle.pgt_stream_tables t
        WHERE t.pgt_relid = gone.objid;
    END IF;
  END LOOP;
  -- A partition or inheritance child that went took rows of its source with it.
  FOR gone IN SELECT DISTINCT c.oid AS source, o.object_identity
              FROM pg_event_trigger_dropped_objects() o
              JOIN pg_event_trigger_dropped_objects() t ON t.classid = 'pg_trigger'::regclass
                AND t.address_names[1:2] = o.address_names AND t.address_names[3] ~ '^pgt_capture_\d+_'
              JOIN pg_class c ON c.oid::text = split_part(t.address_names[3], '_', 3)
              WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 LOOP
    any_known := true;
    PERFORM pgtrickle._follow_source(gone.source, format('%s was dropped', gone.object_identity));
  END LOOP;
  any_known := pgtrickle._follow_immediate_drop() OR any_known;
  IF any_known THEN
    NOTIFY pgtrickle_catalog;
  END IF;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._sources_concerned(oid), pgtrickle._mark_for_reinit(oid, text),
  pgtrickle._follow_source(oid, text), pgtrickle._follow_stream_table(oid, text),
  pgtrickle._on_ddl_end(), pgtrickle._drop_program(bigint), pgtrickle._forget_stream_table(bigint),
  pgtrickle._on_sql_drop() FROM PUBLIC;

CREATE EVENT TRIGGER pg_trickle_ddl_tracker ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE VIEW', 'ALTER VIEW')
  EXECUTE FUNCTION pgtrickle._on_ddl_end();
CREATE EVENT TRIGGER pg_trickle_drop_tracker ON sql_drop
  EXECUTE FUNCTION pgtrickle._on_sql_drop();
