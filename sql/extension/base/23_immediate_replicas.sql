-- IMMEDIATE stream tables where a source is written to by a replica
-- (session_replication_role). A subscription applies row by row and knows of no
-- statements, so nothing tells when its changes are complete but the end of its
-- transaction: there the stream table is recomputed, by difference. What its
-- program writes is collected from statements, for the stream tables above.

-- Of a row: marks the stream table, or catches up if it is marked. Of TRUNCATE,
-- which can't be deferred: recomputes.
CREATE FUNCTION pgtrickle._follow_replica() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  id bigint := TG_ARGV[0];
BEGIN
  IF TG_ARGV[1] = 'mark' THEN
    PERFORM pgtrickle._immediate_mark(id);
  ELSIF TG_OP = 'TRUNCATE' OR pgtrickle._immediate_take_mark(id) THEN
    PERFORM pgtrickle._recompute_immediate(id, 'FULL');
  END IF;
  RETURN NULL;
END $$;

-- Without the lock at the beginning: a deadlock with another writer ends with an
-- error, and a subscription tries again.
CREATE FUNCTION pgtrickle._create_replica_triggers(id bigint, source oid, member oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  event record;
BEGIN
  FOR event IN
    SELECT e.*, format('pgt_immediate_%s_%s_%s', lpad(id::text, 10, '0'), source, e.suffix)::name AS name
    FROM (VALUES
      ('replica', 'TRIGGER', 'AFTER INSERT OR UPDATE OR DELETE', 'FOR EACH ROW', 'mark'),
      ('replica_end', 'CONSTRAINT TRIGGER', 'AFTER INSERT OR UPDATE OR DELETE', 'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW', 'end'),
      ('replica_truncate', 'TRIGGER', 'AFTER TRUNCATE', 'FOR EACH STATEMENT', 'end')) AS e (suffix, kind, event, timing, task)
    WHERE pgtrickle._takes_rows(member)
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = member AND tgname = event.name);
    EXECUTE format('CREATE %s %I %s ON %s %s EXECUTE FUNCTION pgtrickle._follow_replica(%L, %L)',
                   event.kind, event.name, event.event, member::regclass, event.timing, id, event.task);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._follow_replica(), pgtrickle._create_replica_triggers(bigint, oid, oid) FROM PUBLIC;
