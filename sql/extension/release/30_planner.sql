-- What the planner has learnt of each stream table, and what follows from it. The
-- daemon writes it; everything here can be made anew from the refresh history as
-- far as that reaches, but for the hours.

-- What changed in each hour, kept for weeks: the history of a table that is
-- refreshed each second is too long to learn its days and weeks from.
CREATE TABLE pgtrickle.pgt_arrivals (
  pgt_id    bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  hour      timestamptz NOT NULL,
  -- changed source rows that refreshes with data of this hour consumed
  changes   double precision NOT NULL,
  refreshes bigint NOT NULL,
  busy_ms   double precision NOT NULL,
  -- of the refresh that consumed most
  most_changes double precision NOT NULL,
  PRIMARY KEY (pgt_id, hour)
);

CREATE TABLE pgtrickle.pgt_plans (
  pgt_id         bigint PRIMARY KEY REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  planned_at     timestamptz NOT NULL,
  -- hours from here on are counted again: refreshes that belong there were still running
  counted_from   timestamptz NOT NULL,
  -- busy seconds a second
  load           double precision NOT NULL,
  model          jsonb NOT NULL,
  recommendation jsonb NOT NULL
) WITH (fillfactor = 70);

-- Schedules that the planner set by itself, or was told to set.
CREATE TABLE pgtrickle.pgt_schedule_changes (
  change_id    bigserial PRIMARY KEY,
  pgt_id       bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  old_schedule text,
  new_schedule text NOT NULL,
  confidence   double precision NOT NULL,
  reasoning    text NOT NULL,
  -- by pg_trickle.auto_schedule, or by a call
  automatic    boolean NOT NULL
);
CREATE INDEX ON pgtrickle.pgt_schedule_changes (pgt_id, changed_at);

GRANT SELECT ON pgtrickle.pgt_arrivals, pgtrickle.pgt_plans, pgtrickle.pgt_schedule_changes TO PUBLIC;
SELECT pg_extension_config_dump('pgtrickle.pgt_arrivals', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_schedule_changes', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_schedule_changes_change_id_seq', '');

-- -- alerts -------------------------------------------------------------------

-- When the last predicted_sla_breach of a stream table was told, by both clocks of
-- the server: that on the wall may be set, and the other begins anew at each boot.
CREATE TABLE pgtrickle.pgt_lag_alerts (
  pgt_id   bigint PRIMARY KEY REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  -- whether sla_recovered is still to come
  is_open  boolean NOT NULL,
  told_at  timestamptz NOT NULL,
  boot     text NOT NULL,
  uptime   double precision NOT NULL,
  -- the clock went back between boots: the cooldown began again, nothing was told
  restarts boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- The server's boot, and the seconds since then that no setting of the clock moves.
CREATE FUNCTION pgtrickle._host_clock(OUT boot text, OUT uptime double precision)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'pgtrickle_host_clock';

-- The cooldown in seconds; the setting has its unit once the library is loaded.
CREATE FUNCTION pgtrickle._alert_cooldown() RETURNS double precision
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN x ~ '^\d+$' THEN x::double precision ELSE extract(epoch FROM x::interval)::double precision END
  FROM coalesce(current_setting('pg_trickle.schedule_alert_cooldown_seconds', true), '300') x
$$;

-- Whether an alert may be told at that time; if so, it is taken for told. Of those
-- who ask at the same time one is answered yes: a refresh, which asks within its own
-- snapshot, must not fail because somebody else was faster.
CREATE FUNCTION pgtrickle._take_lag_alert(
  stream_table bigint, cooldown double precision, at timestamptz, on_boot text, at_uptime double precision)
RETURNS boolean LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  told boolean;
BEGIN
  -- What is late is asked about each second: the upsert alone would lock the row
  -- each time, and a lock is written.
  IF EXISTS (SELECT FROM pgtrickle.pgt_lag_alerts a
             WHERE a.pgt_id = stream_table AND a.boot = on_boot AND at_uptime - a.uptime < cooldown) THEN
    RETURN false;
  END IF;
  INSERT INTO pgtrickle.pgt_lag_alerts AS a (pgt_id, is_open, told_at, boot, uptime)
  VALUES (stream_table, true, at, on_boot, at_uptime)
  ON CONFLICT (pgt_id) DO UPDATE SET
    restarts = on_boot <> a.boot AND at < a.told_at,
    is_open = a.is_open OR NOT (on_boot <> a.boot AND at < a.told_at),
    told_at = at, boot = on_boot, uptime = at_uptime
  WHERE CASE WHEN on_boot = a.boot THEN at_uptime - a.uptime >= cooldown
        -- told before this boot; the clock on the wall may have been set since
        ELSE at < a.told_at OR (at_uptime >= cooldown AND at - a.told_at >= make_interval(secs => cooldown)) END
  RETURNING NOT restarts INTO told;
  RETURN coalesce(told, false);
EXCEPTION WHEN serialization_failure THEN
  RETURN false;
END $$;

-- Whether sla_recovered is to be told; if so, it is taken for told.
CREATE FUNCTION pgtrickle._close_lag_alert(stream_table bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_lag_alerts SET is_open = false WHERE pgt_id = stream_table AND is_open;
  RETURN found;
EXCEPTION WHEN serialization_failure THEN
  RETURN false;
END $$;

-- The stream tables that have a target lag and may miss it: how old their data are
-- as measured from the roots (0: nothing has changed), how many changes wait, and
-- for how long a refresh has been running (null: none is).
CREATE FUNCTION pgtrickle._watched_lags()
RETURNS TABLE (pgt_id bigint, name text, target_ms bigint, schedule text, status text, age_ms double precision,
               own_age_ms double precision, pending_changes double precision, running_ms double precision,
               is_open boolean, planned_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.pgt_id, pgtrickle._relation_name(s.pgt_relid), s.freshness_deadline_ms, s.schedule, s.status,
         pgtrickle._staleness(s.pgt_id) * 1000,
         (extract(epoch FROM statement_timestamp() - s.data_timestamp) * 1000)::double precision,
         (SELECT sum(c.rows)::double precision FROM pgtrickle._changes_beyond(
            ARRAY(SELECT d.source_relid FROM pgtrickle.pgt_dependencies d
                  WHERE d.pgt_id = s.pgt_id AND d.source_type <> 'VIEW'),
            (s.frontier ->> 'snapshot')::pg_snapshot, (s.frontier ->> 'own_xid')::xid8) c),
         (SELECT (extract(epoch FROM clock_timestamp() - max(h.start_time)) * 1000)::double precision
          FROM pgtrickle.pgt_refresh_history h WHERE h.status = 'RUNNING' AND h.pgt_id = s.pgt_id),
         coalesce(a.is_open, false), p.planned_at
  FROM pgtrickle.pgt_stream_tables s
  LEFT JOIN pgtrickle.pgt_plans p USING (pgt_id)
  LEFT JOIN pgtrickle.pgt_lag_alerts a USING (pgt_id)
  WHERE s.freshness_deadline_ms IS NOT NULL AND s.is_populated AND s.refresh_mode <> 'IMMEDIATE'
$$;

REVOKE ALL ON FUNCTION pgtrickle._host_clock(), pgtrickle._alert_cooldown(), pgtrickle._watched_lags(),
  pgtrickle._close_lag_alert(bigint),
  pgtrickle._take_lag_alert(bigint, double precision, timestamptz, text, double precision) FROM PUBLIC;
