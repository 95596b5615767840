-- What a refresh leaves in the catalog. One call for all stream tables that were
-- refreshed at one snapshot; `done` has an object for each:
--   pgt_id, refresh_id, action, reason, changes, inserted, deleted;
--   waited, took (microseconds from the snapshot on, and from there to the end);
--   ddl_serial (as it was when the stream table was loaded).

-- Completes the history rows.
CREATE FUNCTION pgtrickle._complete_history(done jsonb, at timestamptz, reached pg_snapshot DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_refresh_history h
  SET start_time = at + d.waited * interval '1 microsecond',
      end_time = at + (d.waited + d.took) * interval '1 microsecond',
      status = 'COMPLETED', action = d.action, reason = nullif(d.reason, ''),
      delta_row_count = d.changes, rows_inserted = d.inserted, rows_deleted = d.deleted, data_timestamp = at,
      reached = _complete_history.reached
  FROM jsonb_to_recordset(done)
    AS d (refresh_id bigint, action text, reason text, changes bigint, inserted bigint, deleted bigint, waited bigint, took bigint)
  WHERE h.refresh_id = d.refresh_id;
END $$;

-- The same, and moves the frontiers to `reached`, clears errors and keeps count
-- of costs. Returns the stream tables' status; none for one that DDL has touched
-- since it was loaded.
CREATE FUNCTION pgtrickle._complete_refreshes(done jsonb, reached jsonb, at timestamptz)
RETURNS TABLE (id bigint, now_status text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- What this transaction has written to stream tables is consumed.
  reached := reached || jsonb_build_object('own_xid', pg_current_xact_id()::text);
  PERFORM pgtrickle._complete_history(done, at, (reached ->> 'snapshot')::pg_snapshot);
  RETURN QUERY
    UPDATE pgtrickle.pgt_stream_tables s
    SET frontier = reached, data_timestamp = at, last_refresh_at = clock_timestamp(),
        is_populated = true, needs_reinit = false, reinit_reason = NULL,
        consecutive_errors = 0, last_error_message = NULL, last_error_at = NULL,
        effective_refresh_mode = CASE d.action WHEN 'NO_DATA' THEN s.effective_refresh_mode
                                 WHEN 'DIFFERENTIAL' THEN 'DIFFERENTIAL' ELSE 'FULL' END,
        mode_spent_ms = CASE WHEN d.action = 'NO_DATA' THEN s.mode_spent_ms
                        WHEN (s.effective_refresh_mode = 'DIFFERENTIAL') = (d.action = 'DIFFERENTIAL')
                        THEN s.mode_spent_ms + d.took / 1000.0 ELSE d.took / 1000.0 END,
        last_full_ms = CASE WHEN d.action IN ('FULL', 'REINITIALIZE') THEN d.took / 1000.0 ELSE s.last_full_ms END,
        last_diff_ms = CASE d.action WHEN 'DIFFERENTIAL' THEN d.took / 1000.0 ELSE s.last_diff_ms END,
        status = CASE s.status WHEN 'SUSPENDED' THEN s.status ELSE 'ACTIVE' END
    FROM jsonb_to_recordset(done) AS d (pgt_id bigint, action text, took bigint, ddl_serial bigint)
    WHERE s.pgt_id = d.pgt_id AND s.ddl_serial = d.ddl_serial
    RETURNING s.pgt_id, s.status;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._complete_history(jsonb, timestamptz, pg_snapshot),
  pgtrickle._complete_refreshes(jsonb, jsonb, timestamptz) FROM PUBLIC;
