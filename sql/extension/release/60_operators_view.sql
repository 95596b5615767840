-- What whoever runs pgtrickle looks at: the alerts so far, what is out of order and
-- by which statement that is put right.

-- The last alerts after the one numbered `after`, the oldest of them first.
CREATE FUNCTION pgtrickle.alerts(after bigint DEFAULT 0, max_rows integer DEFAULT 100)
RETURNS TABLE (alert_id bigint, created_at timestamptz, event text, stream_table text, payload jsonb,
               published_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT last.alert_id, last.created_at, last.event, last.payload ->> 'stream_table', last.payload, last.published_at
  FROM (SELECT a.* FROM pgtrickle.pgt_alerts a WHERE a.alert_id > alerts.after
        ORDER BY a.alert_id DESC LIMIT alerts.max_rows) last
  ORDER BY last.alert_id;
END;

-- What is missing of the capture of sources that somebody needs captured.
CREATE FUNCTION pgtrickle._capture_faults() RETURNS TABLE (source oid, problem text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH captured AS (
    SELECT DISTINCT d.source_relid AS source
    FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
    JOIN pg_class c ON c.oid = d.source_relid
    WHERE d.source_type <> 'VIEW' AND t.refresh_mode <> 'IMMEDIATE'
  ), expected AS (
    SELECT s.source, m AS member, format('pgt_capture_%s_%s', s.source, e.event) AS trigger
    FROM captured s CROSS JOIN LATERAL pgtrickle._hierarchy_of(s.source) m
    JOIN pg_class c ON c.oid = m AND c.relkind IN ('r', 'p')
    CROSS JOIN (VALUES ('insert'), ('update'), ('delete'), ('truncate')) e (event)
    WHERE e.event <> 'truncate' OR m = s.source
  )
  SELECT e.source, format('trigger %I on %s is %s', e.trigger, pgtrickle._relation_name(e.member),
                          CASE WHEN g.oid IS NULL THEN 'missing' ELSE 'disabled' END)
  FROM expected e LEFT JOIN pg_trigger g ON g.tgrelid = e.member AND g.tgname = e.trigger
  WHERE g.oid IS NULL OR g.tgenabled = 'D'
  UNION ALL
  SELECT s.source, format('its change buffer pgtrickle_changes.changes_%s is missing', s.source)
  FROM captured s WHERE to_regclass(format('pgtrickle_changes.changes_%s', s.source)) IS NULL
$$;

-- Has the next refresh fill a stream table anew, and puts back what of its triggers,
-- and of the capture of its sources, is missing.
CREATE FUNCTION pgtrickle._repair(id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning AS $$
DECLARE
  own record;
  source oid;
BEGIN
  SELECT pgt_relid, refresh_mode INTO own FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id;
  PERFORM pgtrickle._mark_for_reinit(ARRAY[id], 'it was repaired');
  EXECUTE format('CREATE OR REPLACE TRIGGER pgt_dml_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION pgtrickle._refuse_write()', own.pgt_relid::regclass);
  EXECUTE format('CREATE OR REPLACE TRIGGER pgt_dml_guard_replica AFTER INSERT OR UPDATE OR DELETE ON %s
                  FOR EACH ROW EXECUTE FUNCTION pgtrickle._refuse_write()', own.pgt_relid::regclass);
  PERFORM pgtrickle._set_firing(g.tgrelid, g.tgname, pgtrickle._firing_of(g.tgname, g.tgtype, true)) FROM pg_trigger g
    WHERE g.tgrelid = own.pgt_relid AND g.tgname ~ '^pgt_dml_guard';
  FOR source IN SELECT d.source_relid FROM pgtrickle.pgt_dependencies d JOIN pg_class c ON c.oid = d.source_relid
                WHERE d.pgt_id = id AND d.source_type <> 'VIEW' AND own.refresh_mode <> 'IMMEDIATE' ORDER BY 1 LOOP
    -- who else reads it has missed the same changes
    PERFORM pgtrickle._mark_for_reinit(ARRAY(
      SELECT d.pgt_id FROM pgtrickle.pgt_dependencies d
      WHERE d.source_relid = source AND d.pgt_id <> id
        AND EXISTS (SELECT FROM pgtrickle._capture_faults() f WHERE f.source = d.source_relid)),
      format('the capture of %s was repaired', pgtrickle._relation_name(source)));
    PERFORM pgtrickle._install_capture(source);
  END LOOP;
  IF own.refresh_mode = 'IMMEDIATE' THEN
    PERFORM pgtrickle._install_immediate(id);
  END IF;
  NOTIFY pgtrickle_catalog;
END $$;

CREATE FUNCTION pgtrickle.repair_stream_table(name text) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
  SELECT pgtrickle._repair(pgtrickle._stream_table_id(name));
END;

REVOKE ALL ON FUNCTION pgtrickle.alerts, pgtrickle._repair, pgtrickle.repair_stream_table, pgtrickle._capture_faults
  FROM PUBLIC;
-- Alerts carry the definitions of deferred calls, whoever made them.
GRANT EXECUTE ON FUNCTION pgtrickle.alerts TO pg_monitor;
