-- DDL that touches what stream tables stand on. Never wrong rows: what changes
-- the meaning of a program re-initialises its stream table, a rename has it
-- compiled again, and capture follows in the same transaction.

-- What a change of `relation` concerns: itself, what it hangs on or hung on
-- until now, and sources that were made or unmade partitions by it.
CREATE FUNCTION pgtrickle._relations_concerned(relation oid) RETURNS SETOF oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE above (relid) AS (
    SELECT relation UNION SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.relid)
  SELECT a.relid FROM above a
  UNION SELECT split_part(t.tgname, '_', 3)::oid FROM pg_trigger t
        WHERE t.tgrelid = relation AND t.tgname ~ '^pgt_capture_\d+_'
  UNION SELECT pgtrickle._misfitting_sources();
END $$;

-- The first reason is the one that is told.
CREATE FUNCTION pgtrickle._mark_for_reinit(ids bigint[], why text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = true,
    reinit_reason = CASE WHEN needs_reinit THEN reinit_reason ELSE why END,
    -- an IMMEDIATE one had the data of its sources until now
    data_timestamp = CASE WHEN refresh_mode = 'IMMEDIATE' AND is_populated AND NOT needs_reinit THEN clock_timestamp()
                          ELSE data_timestamp END,
    ddl_serial = ddl_serial + 1, updated_at = now()
  WHERE pgt_id = ANY (ids)
$$;

-- Follows what a command has done to an object that queries refer to. Returns
-- whether any stream table is concerned.
CREATE FUNCTION pgtrickle._follow_object(class oid, object oid, why text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed bigint[];
  renamed bigint[];
  awaited bigint[];
BEGIN
  SELECT array_agg(pgt_id) FILTER (WHERE verdict = 'changed'), array_agg(pgt_id) FILTER (WHERE verdict = 'renamed'),
         array_agg(pgt_id) FILTER (WHERE pending)
    INTO changed, renamed, awaited
  FROM (SELECT r.pgt_id, t.needs_reinit OR t.needs_recompile AS pending,
               -- writers can't wait for a program under the new names
               CASE WHEN t.refresh_mode = 'IMMEDIATE' AND v.verdict = 'renamed' THEN 'changed' ELSE v.verdict END AS verdict
        FROM pgtrickle.pgt_references r JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
        CROSS JOIN LATERAL (SELECT pgtrickle._verdict_on(r)) v (verdict)
        WHERE r.classid = class AND r.objid = object) x;
  IF changed IS NULL AND renamed IS NULL AND awaited IS NULL THEN
    RETURN false;
  END IF;
  PERFORM pgtrickle._record_addresses(class, object);
  PERFORM pgtrickle._mark_for_reinit(changed, why);
  UPDATE pgtrickle.pgt_stream_tables SET needs_recompile = true, ddl_serial = ddl_serial + 1, updated_at = now()
    WHERE pgt_id = ANY (renamed);
  IF class = 'pg_class'::regclass AND pgtrickle._needs_capture(object)
     AND EXISTS (SELECT FROM pg_class WHERE oid = object) THEN
    PERFORM pgtrickle._install_capture(object);
  END IF;
  RETURN true;
END $$;

-- Follows a schema's new name: everything in it has another one.
CREATE FUNCTION pgtrickle._follow_schema(schema oid, why text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found boolean;
BEGIN
  SELECT bool_or(pgtrickle._follow_object(x.classid, x.objid, why)) INTO found
  FROM (SELECT DISTINCT r.classid, r.objid FROM pgtrickle.pgt_references r
        CROSS JOIN LATERAL pgtrickle._name_of(r.classid, r.objid) n
        JOIN pg_namespace s ON s.oid = schema AND s.nspname = n.schema_name) x;
  RETURN coalesce((SELECT bool_or(pgtrickle._follow_stream_table(c.oid, why)) FROM pg_class c
                   JOIN pgtrickle.pgt_stream_tables t ON t.pgt_relid = c.oid WHERE c.relnamespace = schema), false)
    OR coalesce(found, false);
END $$;

-- Our triggers are found by their names: under another one a second would be
-- made, and each change counted twice.
CREATE FUNCTION pgtrickle._refuse_trigger_changes() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  command record;
BEGIN
  SELECT c.command_tag, c.object_identity AS identity INTO command
  FROM pg_event_trigger_ddl_commands() c
  JOIN pg_trigger t ON c.classid = 'pg_trigger'::regclass AND t.oid = c.objid
  JOIN pg_proc f ON f.oid = t.tgfoid
  CROSS JOIN LATERAL (SELECT f.pronamespace IN ('pgtrickle'::regnamespace, 'pgtrickle_state'::regnamespace)) o (is_own)
  WHERE (c.command_tag = 'ALTER TRIGGER' AND is_own)
     OR (c.command_tag = 'CREATE TRIGGER' AND NOT is_own AND t.tgname ~ '^pgt_(capture|immediate)_\d+_')
     -- out of a dump whose other parts were adopted already
     OR (c.command_tag = 'CREATE TRIGGER' AND f.oid = 'pgtrickle._capture'::regproc
         AND to_regclass('pgtrickle_changes.' || replace(substring(t.tgname, 'capture_\d+'), 'capture', 'changes')) IS NULL)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('%s: a trigger of the name %s belongs to pg_trickle', command.command_tag, command.identity),
      HINT = 'Give triggers of your own other names than pgt_…, and leave these to the stream tables.';
  END IF;
END $$;

-- Generic plans, here and in what it calls: they are made once for a session.
CREATE FUNCTION pgtrickle._on_ddl_end() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  command record;
  touched oid;
  any_known boolean := false;
BEGIN
  IF pgtrickle._is_restored() THEN
    RETURN;
  END IF;
  IF TG_TAG IN ('CREATE TRIGGER', 'ALTER TRIGGER') THEN
    PERFORM pgtrickle._refuse_trigger_changes();
  END IF;
  FOR command IN
    SELECT c.classid, coalesce(t.tgrelid, w.ev_class, c.objid) AS objid,
           format('%s on %s', c.command_tag, c.object_identity) AS why
    FROM (SELECT DISTINCT classid, objid, command_tag, object_identity, schema_name
          FROM pg_event_trigger_ddl_commands()) c
    LEFT JOIN pg_trigger t ON c.classid = 'pg_trigger'::regclass AND t.oid = c.objid
    LEFT JOIN pg_rewrite w ON c.classid = 'pg_rewrite'::regclass AND w.oid = c.objid
    LEFT JOIN pg_proc f ON f.oid = t.tgfoid
    WHERE coalesce(c.schema_name, '') NOT IN ('pgtrickle_changes', 'pgtrickle_state', 'pg_temp')
      AND coalesce(f.pronamespace::regnamespace::text, '') !~ '^pgtrickle'  -- our own triggers
  LOOP
    IF command.classid = 'pg_namespace'::regclass THEN
      any_known := pgtrickle._follow_schema(command.objid, command.why) OR any_known;
    ELSIF command.classid IN ('pg_class'::regclass, 'pg_trigger'::regclass, 'pg_rewrite'::regclass) THEN
      PERFORM pgtrickle._keep_capturing(command.objid);
      any_known := pgtrickle._follow_stream_table(command.objid, command.why) OR any_known;
      PERFORM pgtrickle._refuse_unfit(t.pgt_relid, command.why) FROM pgtrickle.pgt_stream_tables t
        WHERE t.pgt_relid IN (SELECT pgtrickle._hierarchy_of(command.objid));
      FOR touched IN SELECT pgtrickle._relations_concerned(command.objid) LOOP
        PERFORM pgtrickle._refuse_unfit(touched, command.why);
        any_known := pgtrickle._follow_object('pg_class'::regclass, touched, command.why) OR any_known;
      END LOOP;
      IF command.classid = 'pg_class'::regclass THEN
        any_known := pgtrickle._follow_immediate(command.objid) OR any_known;
      END IF;
    ELSE
      any_known := pgtrickle._follow_object(command.classid, command.objid, command.why) OR any_known;
    END IF;
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
  FOR found IN SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind,
                      string_agg(c.oid::regclass::text, ', ') AS names FROM pg_class c
               WHERE c.relnamespace = 'pgtrickle_state'::regnamespace AND c.relkind IN ('r', 'v')
               AND c.relname ~ format('^[a-z][a-z0-9_]*_%s_[0-9]+$', id) GROUP BY 1 LOOP
    EXECUTE format('DROP %s %s', found.kind, found.names);
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
  -- first, so that nobody wants its triggers back
  DELETE FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id;
  PERFORM pgtrickle._drop_immediate(id, '{}');
  PERFORM pgtrickle._drop_program(id);
  PERFORM pgtrickle._release_capture(s) FROM unnest(sources || own) AS s;
END $$;

-- Refuses the drop of what belongs to a stream table that stays.
CREATE FUNCTION pgtrickle._refuse_drop(identity text, relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_class c JOIN pgtrickle.pgt_stream_tables t ON t.pgt_relid = c.oid WHERE c.oid = relation)
     AND NOT pgtrickle._internal_refresh() THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('%s belongs to the stream table %s', identity, pgtrickle._relation_name(relation)),
      HINT = 'Drop the stream table by pgtrickle.drop_stream_table(), or give it another query by pgtrickle.alter_stream_table(…, query => …).';
  END IF;
END $$;

-- Marks stream tables whose query refers to a dropped object, or to a dropped
-- column of it (`attnum`, else 0), and returns them.
CREATE FUNCTION pgtrickle._mark_dropped(class oid, object oid, attnum integer, identity text) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT pgt_id FROM pgtrickle.pgt_references r WHERE r.classid = class AND r.objid = object
                        AND (attnum = 0 OR r.columns ? attnum::text));
BEGIN
  PERFORM pgtrickle._mark_for_reinit(ids, format('%s was dropped', identity));
  RETURN ids;
END $$;

-- To be called by the trigger on DROP: a partition or inheritance child that went
-- took rows of its source with it.
CREATE FUNCTION pgtrickle._follow_members_drop() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone record;
  any_known boolean := false;
BEGIN
  FOR gone IN SELECT DISTINCT c.oid AS source, o.object_identity
              FROM pg_event_trigger_dropped_objects() o
              JOIN pg_event_trigger_dropped_objects() t ON t.classid = 'pg_trigger'::regclass
                AND t.address_names[1:2] = o.address_names AND t.address_names[3] ~ '^pgt_capture_\d+_'
              JOIN pg_class c ON c.oid = CASE WHEN t.address_names[3] ~ '^pgt_capture_\d+_'
                                              THEN split_part(t.address_names[3], '_', 3)::oid END
              WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 LOOP
    any_known := pgtrickle._follow_object('pg_class'::regclass, gone.source, format('%s was dropped', gone.object_identity))
      OR any_known;
  END LOOP;
  RETURN any_known;
END $$;

CREATE FUNCTION pgtrickle._on_sql_drop() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  gone record;
  marked bigint[];
  any_known boolean := false;
BEGIN
  -- DROP EXTENSION takes the catalog with it
  IF to_regclass('pgtrickle.pgt_references') IS NULL THEN
    RETURN;
  END IF;
  IF pgtrickle._is_restored() THEN
    RETURN;
  END IF;
  FOR gone IN SELECT o.classid, o.objid, o.objsubid, o.object_identity AS identity, o.object_type,
                     CASE WHEN o.object_type = 'trigger'
                       THEN to_regclass(format('%I.%I', o.address_names[1], o.address_names[2])) END AS relation,
                     o.address_names[3] AS trigger
              FROM pg_event_trigger_dropped_objects() o
              WHERE coalesce(o.schema_name, '') NOT IN ('pgtrickle_changes', 'pgtrickle_state', 'pg_temp') LOOP
    marked := pgtrickle._mark_dropped(gone.classid, gone.objid, gone.objsubid, gone.object_type || ' ' || gone.identity);
    PERFORM pgtrickle._refuse_writers(id, format('%s %s was dropped', gone.object_type, gone.identity)) FROM unnest(marked) AS id;
    any_known := any_known OR marked <> '{}';
    IF gone.objsubid <> 0 AND gone.classid = 'pg_class'::regclass THEN
      PERFORM pgtrickle._refuse_drop(gone.object_type || ' ' || gone.identity, gone.objid);
    ELSIF gone.trigger IN ('pgt_dml_guard', 'pgt_dml_guard_replica') THEN
      PERFORM pgtrickle._refuse_drop('trigger ' || gone.identity, gone.relation);
    ELSIF gone.trigger ~ '^pgt_capture_\d+_' AND gone.relation IS NOT NULL
        AND pgtrickle._needs_capture(split_part(gone.trigger, '_', 3)::oid) THEN
      -- what was written since is missed, unless everything is read anew
      PERFORM pgtrickle._changes_lost(split_part(gone.trigger, '_', 3)::oid, format('trigger %s was dropped', gone.identity));
      any_known := any_known OR '{}' <> pgtrickle._mark_dropped('pg_class'::regclass, split_part(gone.trigger, '_', 3)::oid, 0,
                                                                'trigger ' || gone.identity);
    ELSIF gone.trigger ~ '^pgt_immediate_\d+_\d+_' AND gone.relation IS NOT NULL THEN
      PERFORM pgtrickle._restore_immediate(split_part(gone.trigger, '_', 3)::bigint, gone.relation);
    ELSIF gone.classid = 'pg_class'::regclass
        AND EXISTS (SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = gone.objid) THEN
      any_known := true;
      PERFORM pgtrickle._forget_stream_table(t.pgt_id) FROM pgtrickle.pgt_stream_tables t
        WHERE t.pgt_relid = gone.objid;
    END IF;
  END LOOP;
  -- With a table go its triggers, ours if it belongs to a source.
  IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() o WHERE o.object_type = 'trigger'
             AND o.address_names[3] ~ '^pgt_(capture|immediate)_\d+_') THEN
    any_known := pgtrickle._follow_members_drop() OR any_known;
    any_known := pgtrickle._follow_immediate_drop() OR any_known;
  END IF;
  IF any_known THEN
    NOTIFY pgtrickle_catalog;
  END IF;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._relations_concerned(oid), pgtrickle._mark_for_reinit(bigint[], text),
  pgtrickle._follow_object(oid, oid, text), pgtrickle._follow_schema(oid, text),
  pgtrickle._refuse_trigger_changes(), pgtrickle._on_ddl_end(), pgtrickle._drop_program(bigint), pgtrickle._forget_stream_table(bigint),
  pgtrickle._refuse_drop(text, oid), pgtrickle._mark_dropped(oid, oid, integer, text), pgtrickle._follow_members_drop(),
  pgtrickle._on_sql_drop() FROM PUBLIC;

CREATE EVENT TRIGGER pg_trickle_ddl_tracker ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE VIEW', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW',
               'ALTER FOREIGN TABLE', 'ALTER SCHEMA', 'CREATE FUNCTION', 'ALTER FUNCTION', 'ALTER ROUTINE',
               'CREATE AGGREGATE', 'ALTER AGGREGATE', 'ALTER TYPE', 'ALTER DOMAIN', 'ALTER OPERATOR',
               'ALTER COLLATION', 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE RULE', 'ALTER EXTENSION')
  EXECUTE FUNCTION pgtrickle._on_ddl_end();
CREATE EVENT TRIGGER pg_trickle_drop_tracker ON sql_drop
  EXECUTE FUNCTION pgtrickle._on_sql_drop();
-- In sessions that call themselves replicas too.
ALTER EVENT TRIGGER pg_trickle_ddl_tracker ENABLE ALWAYS;
ALTER EVENT TRIGGER pg_trickle_drop_tracker ENABLE ALWAYS;
