-- DDL on what IMMEDIATE stream tables stand on.

-- IMMEDIATE stream tables that read `relation`, or of whose sources it is or
-- was a partition or child.
CREATE FUNCTION pgtrickle._immediate_readers(relation oid) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE above (relid) AS (
    SELECT relation UNION SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.relid)
  SELECT t.pgt_id FROM pgtrickle.pgt_stream_tables t
  WHERE t.refresh_mode = 'IMMEDIATE'
    AND (EXISTS (SELECT FROM above a JOIN pgtrickle.pgt_dependencies d ON d.source_relid = a.relid WHERE d.pgt_id = t.pgt_id)
         OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = relation
                    AND g.tgname LIKE format('pgt\_immediate\_%s\_%%', lpad(t.pgt_id::text, 10, '0'))))
  ORDER BY 1;
END $$;

-- DDL on `relation`: the triggers follow it. If the source has other partitions
-- or children now, it has other rows. What the program can't do any more waits
-- for the daemon to compile it anew; until then writers get its error.
CREATE FUNCTION pgtrickle._follow_immediate(relation oid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  id bigint;
  other_members boolean;
  any_known boolean;
BEGIN
  -- With another owner its program is to have that one's rights.
  UPDATE pgtrickle.pgt_stream_tables t SET needs_reinit = true, reinit_reason = 'its owner changed', updated_at = now()
  FROM pg_class c, pg_proc p
  WHERE t.pgt_relid = relation AND t.refresh_mode = 'IMMEDIATE' AND c.oid = relation
    AND p.oid = to_regproc(format('pgtrickle_state.refresh_%s', t.pgt_id)) AND p.proowner <> c.relowner;
  any_known := FOUND;
  FOR id IN SELECT pgtrickle._immediate_readers(relation) LOOP
    any_known := true;
    PERFORM pgtrickle._refuse_new_parents(id);
    other_members := EXISTS (
      SELECT m FROM pgtrickle._immediate_sources(id) s, pgtrickle._hierarchy_of(s.source) AS m
      EXCEPT SELECT tgrelid FROM pg_trigger WHERE tgname LIKE format('pgt\_immediate\_%s\_%%\_before', lpad(id::text, 10, '0')))
      OR EXISTS (
      SELECT tgrelid FROM pg_trigger WHERE tgname LIKE format('pgt\_immediate\_%s\_%%\_before', lpad(id::text, 10, '0'))
      EXCEPT SELECT m FROM pgtrickle._immediate_sources(id) s, pgtrickle._hierarchy_of(s.source) AS m);
    PERFORM pgtrickle._install_immediate(id);
    IF other_members THEN
      PERFORM pgtrickle._recompute_immediate(id, 'FULL');
    END IF;
  END LOOP;
  RETURN any_known;
END $$;

CREATE FUNCTION pgtrickle._refuse_new_parents(id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  child regclass;
BEGIN
  SELECT s.source INTO child FROM pgtrickle._immediate_sources(id) s JOIN pg_inherits i ON i.inhrelid = s.source;
  IF FOUND THEN
    RAISE EXCEPTION '% can''t become a partition or inheritance child: the IMMEDIATE stream table % reads it', child,
        pgtrickle._relation_name((SELECT pgt_relid FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id))
      USING ERRCODE = 'object_in_use',
            HINT = 'Set the stream table''s refresh_mode to ''AUTO'' first, or let it read the parent.';
  END IF;
END $$;

-- To be called by the trigger on DROP: partitions and children that went took
-- rows along.
CREATE FUNCTION pgtrickle._follow_immediate_drop() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  id bigint;
  any_known boolean := false;
BEGIN
  FOR id IN
    SELECT DISTINCT split_part(o.address_names[3], '_', 3)::bigint
    FROM pg_event_trigger_dropped_objects() o
    JOIN pg_event_trigger_dropped_objects() r ON r.classid = 'pg_class'::regclass AND r.objsubid = 0
      AND r.address_names = o.address_names[1:2]
    WHERE o.object_type = 'trigger' AND o.address_names[3] ~ '^pgt_immediate_\d+_\d+_before$'
      AND split_part(o.address_names[3], '_', 4) <> r.objid::text
  LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id AND refresh_mode = 'IMMEDIATE');
    any_known := true;
    PERFORM pgtrickle._install_immediate(id);
    PERFORM pgtrickle._recompute_immediate(id, 'FULL');
  END LOOP;
  RETURN any_known;
END $$;

-- A trigger of an IMMEDIATE stream table on `relation` was dropped: it is there
-- again at the end of the same command, so nothing is written without it. What
-- the program doesn't need there may go.
CREATE FUNCTION pgtrickle._restore_immediate(id bigint, relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM pgtrickle._immediate_sources(id) s, pgtrickle._hierarchy_of(s.source) AS m WHERE m = relation)
     AND EXISTS (SELECT FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid WHERE t.pgt_id = id) THEN
    PERFORM pgtrickle._install_immediate(id);
  END IF;
END $$;
