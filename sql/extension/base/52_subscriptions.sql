-- Subscriptions that would write to what pg_trickle itself keeps, as one to a
-- publication FOR ALL TABLES does.

CREATE FUNCTION pgtrickle._on_subscription() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong record;
BEGIN
  SELECT s.subname, s.subslotname, pgtrickle._relation_name(c.oid) AS relation, t.pgt_id IS NOT NULL AS is_stream_table
    INTO wrong
  FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid JOIN pg_class c ON c.oid = r.srrelid
  LEFT JOIN pgtrickle.pgt_stream_tables t ON t.pgt_relid = c.oid
  -- what the command has added
  WHERE r.xmin = pg_current_xact_id()::xid
    AND (t.pgt_id IS NOT NULL
         OR c.relnamespace IN ('pgtrickle'::regnamespace, 'pgtrickle_changes'::regnamespace, 'pgtrickle_state'::regnamespace))
  ORDER BY c.oid LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('subscription %I would write to %s, which %s', wrong.subname, wrong.relation,
                       CASE WHEN wrong.is_stream_table THEN 'is a stream table: its rows follow its defining query'
                            ELSE 'belongs to pg_trickle' END),
      DETAIL = CASE WHEN TG_TAG = 'CREATE SUBSCRIPTION' AND wrong.subslotname IS NOT NULL
                    THEN format('A replication slot %s may have been made on the publisher.', quote_ident(wrong.subslotname)) END,
      HINT = 'Publish the tables that the queries read by their names or schemas. Drop a slot that was made in vain by pg_drop_replication_slot().';
  END IF;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._on_subscription() FROM PUBLIC;

CREATE EVENT TRIGGER pg_trickle_subscription_tracker ON ddl_command_end
  WHEN TAG IN ('CREATE SUBSCRIPTION', 'ALTER SUBSCRIPTION')
  EXECUTE FUNCTION pgtrickle._on_subscription();
