-- What is asked of the planner.

CREATE FUNCTION pgtrickle.recommend_schedule(name text)
RETURNS jsonb LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('recommend_schedule', jsonb_build_object('name', name));
END;

-- One row for each stream table. Without a daemon, what it last recommended.
CREATE FUNCTION pgtrickle.schedule_recommendations()
RETURNS TABLE (name text, current_interval_seconds double precision, recommended_interval_seconds double precision,
               delta_pct double precision, confidence double precision, reasoning text, planned_at timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  BEGIN
    PERFORM pgtrickle._relay('schedule_recommendations', '{}');
  EXCEPTION WHEN connection_exception OR connection_failure OR sqlclient_unable_to_establish_sqlconnection THEN
    RAISE NOTICE 'no daemon answers (%): these are its last recommendations', SQLERRM;
  END;
  RETURN QUERY
    SELECT pgtrickle._relation_name(s.pgt_relid), r.current_interval_seconds, r.recommended_interval_seconds,
           r.delta_pct, coalesce(r.confidence, 0), coalesce(r.reasoning, 'nothing is known of it yet'), p.planned_at
    FROM pgtrickle.pgt_stream_tables s
    LEFT JOIN pgtrickle.pgt_plans p USING (pgt_id)
    LEFT JOIN LATERAL jsonb_to_record(p.recommendation) AS r (
      current_interval_seconds double precision, recommended_interval_seconds double precision,
      delta_pct double precision, confidence double precision, reasoning text) ON true
    ORDER BY 1;
END $$;

-- Gives the stream table the schedule that is recommended, whatever the confidence.
CREATE FUNCTION pgtrickle.apply_schedule_recommendation(name text)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('apply_schedule_recommendation', jsonb_build_object('name', name));
END;

-- What is to be expected in each slot from now on: the mean, and the bands that
-- hold half, and 95 %, of what comes.
CREATE FUNCTION pgtrickle.forecast(name text, horizon interval DEFAULT '1 day')
RETURNS TABLE (slot_start timestamptz, slot_end timestamptz,
               changes double precision, changes_low_50 double precision, changes_high_50 double precision,
               changes_low_95 double precision, changes_high_95 double precision,
               refresh_ms double precision, refresh_ms_low_50 double precision, refresh_ms_high_50 double precision,
               refresh_ms_low_95 double precision, refresh_ms_high_95 double precision,
               lag_ms double precision, lag_ms_low_50 double precision, lag_ms_high_50 double precision,
               lag_ms_low_95 double precision, lag_ms_high_95 double precision)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT f.* FROM jsonb_to_recordset(pgtrickle._relay('forecast', jsonb_build_object(
           'name', name, 'horizon', ceil(extract(epoch FROM horizon))::bigint)))
    AS f (slot_start timestamptz, slot_end timestamptz,
          changes double precision, changes_low_50 double precision, changes_high_50 double precision,
          changes_low_95 double precision, changes_high_95 double precision,
          refresh_ms double precision, refresh_ms_low_50 double precision, refresh_ms_high_50 double precision,
          refresh_ms_low_95 double precision, refresh_ms_high_95 double precision,
          lag_ms double precision, lag_ms_low_50 double precision, lag_ms_high_50 double precision,
          lag_ms_low_95 double precision, lag_ms_high_95 double precision);
END;

-- When pausing the refreshes for `duration` costs least, of one stream table or of
-- all: the best first.
CREATE FUNCTION pgtrickle.maintenance_windows(duration interval, horizon interval DEFAULT '7 days', name text DEFAULT NULL)
RETURNS TABLE (window_start timestamptz, window_end timestamptz, changes double precision,
               lag_ms double precision, catch_up_ms double precision)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT w.* FROM jsonb_to_recordset(pgtrickle._relay('maintenance_windows', jsonb_build_object(
           'name', name, 'duration', ceil(extract(epoch FROM duration))::bigint,
           'horizon', ceil(extract(epoch FROM horizon))::bigint)))
    AS w (window_start timestamptz, window_end timestamptz, changes double precision,
          lag_ms double precision, catch_up_ms double precision);
END;

-- How good the forecasts would have been: the history replayed, each forecast made
-- from what was known before.
CREATE FUNCTION pgtrickle.planner_backtest(name text)
RETURNS TABLE (metric text, value double precision, meaning text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT b.* FROM jsonb_to_recordset(pgtrickle._relay('planner_backtest', jsonb_build_object('name', name)))
    AS b (metric text, value double precision, meaning text);
END;

-- The schedules that the planner set, the latest first.
CREATE FUNCTION pgtrickle.schedule_changes(name text DEFAULT NULL)
RETURNS TABLE (stream_table text, changed_at timestamptz, old_schedule text, new_schedule text,
               confidence double precision, reasoning text, automatic boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT pgtrickle._relation_name(s.pgt_relid), c.changed_at, coalesce(c.old_schedule, 'calculated'), c.new_schedule,
         c.confidence, c.reasoning, c.automatic
  FROM pgtrickle.pgt_schedule_changes c JOIN pgtrickle.pgt_stream_tables s USING (pgt_id)
  WHERE name IS NULL OR c.pgt_id = pgtrickle._stream_table_id(name)
  ORDER BY c.change_id DESC;
END;

REVOKE ALL ON FUNCTION pgtrickle.recommend_schedule, pgtrickle.schedule_recommendations,
  pgtrickle.apply_schedule_recommendation, pgtrickle.forecast, pgtrickle.maintenance_windows,
  pgtrickle.planner_backtest, pgtrickle.schedule_changes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.recommend_schedule, pgtrickle.schedule_recommendations,
  pgtrickle.apply_schedule_recommendation, pgtrickle.forecast, pgtrickle.maintenance_windows,
  pgtrickle.planner_backtest, pgtrickle.schedule_changes TO PUBLIC;
