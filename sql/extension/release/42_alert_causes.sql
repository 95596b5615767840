-- Alerts of what many hands may do to a catalog row: written where the row is, in
-- the transaction that does it, which may be a user's DDL.

CREATE FUNCTION pgtrickle._write_alert(event text, stream_table bigint, payload jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  -- NOTIFY refuses 8000 bytes
  WITH written AS (
    INSERT INTO pgtrickle.pgt_alerts AS a (event, pgt_id, payload)
    VALUES ($1, $2, $3 || jsonb_build_object('event', $1)) RETURNING a.alert_id, a.payload)
  SELECT pg_notify('pg_trickle_alert',
    CASE WHEN octet_length(w.payload::text) < 8000 THEN w.payload::text
         ELSE jsonb_build_object('event', $1, 'alert_id', w.alert_id)::text END)
  FROM written w
$$;

-- The failed refresh that suspends a stream table tells more of it than this could.
CREATE FUNCTION pgtrickle._tell_stream_table() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  about jsonb := jsonb_build_object('stream_table', format('%I.%I', NEW.pgt_schema, NEW.pgt_name), 'pgt_id', NEW.pgt_id);
BEGIN
  IF NEW.needs_reinit AND NOT OLD.needs_reinit THEN
    PERFORM pgtrickle._write_alert('reinitialize_needed', NEW.pgt_id, about || jsonb_build_object('reason', NEW.reinit_reason));
  END IF;
  IF OLD.status IN ('SUSPENDED', 'ERROR') AND NEW.status IN ('ACTIVE', 'INITIALIZING') THEN
    PERFORM pgtrickle._write_alert('resumed', NEW.pgt_id, about || jsonb_build_object('former_status', OLD.status));
  ELSIF OLD.status <> 'SUSPENDED' AND NEW.status = 'SUSPENDED' THEN
    PERFORM pgtrickle._write_alert('stream_table_suspended', NEW.pgt_id, about || jsonb_build_object('status', NEW.status));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_stream_table AFTER UPDATE OF status, needs_reinit ON pgtrickle.pgt_stream_tables
  FOR EACH ROW WHEN (NEW.needs_reinit AND NOT OLD.needs_reinit OR NEW.status <> OLD.status)
  EXECUTE FUNCTION pgtrickle._tell_stream_table();

CREATE FUNCTION pgtrickle._tell_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pgtrickle._write_alert('ownership_changed', NULL, jsonb_build_object(
    'database', current_database(), 'node', NEW.node, 'epoch', NEW.epoch, 'former_node', OLD.node));
  RETURN NULL;
END $$;
CREATE TRIGGER tell_owner AFTER UPDATE OF epoch ON pgtrickle.pgt_owner
  FOR EACH ROW WHEN (NEW.epoch <> OLD.epoch) EXECUTE FUNCTION pgtrickle._tell_owner();

REVOKE ALL ON FUNCTION pgtrickle._write_alert(text, bigint, jsonb), pgtrickle._tell_stream_table(),
  pgtrickle._tell_owner() FROM PUBLIC;
