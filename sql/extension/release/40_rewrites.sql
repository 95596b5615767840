-- ALTER TABLE that writes a table anew gives all its rows its own transaction: to
-- a snapshot from before, the table is empty, also when the query means the same
-- as ever. So a refresh that took its snapshot before, and then waited for the
-- table, is void: it fails as a conflict and is repeated.
CREATE FUNCTION pgtrickle._on_table_rewrite() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH RECURSIVE above (relid) AS (
    SELECT pg_event_trigger_table_rewrite_oid()
    UNION SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.relid)
  UPDATE pgtrickle.pgt_stream_tables SET ddl_serial = ddl_serial + 1, updated_at = now()
  WHERE pgt_id IN (SELECT d.pgt_id FROM pgtrickle.pgt_dependencies d JOIN above a ON a.relid = d.source_relid);
END $$;
REVOKE ALL ON FUNCTION pgtrickle._on_table_rewrite() FROM PUBLIC;

CREATE EVENT TRIGGER pg_trickle_rewrite_tracker ON table_rewrite
  EXECUTE FUNCTION pgtrickle._on_table_rewrite();
ALTER EVENT TRIGGER pg_trickle_rewrite_tracker ENABLE ALWAYS;
