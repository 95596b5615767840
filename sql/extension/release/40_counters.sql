-- How often what was done in this database. Nothing lowers it: neither the pruning
-- of the history nor the drop of a stream table, nor a daemon that starts anew.

-- Whoever counts adds a row, so nobody waits for anybody; _fold_counts() puts one in
-- the place of many.
CREATE TABLE pgtrickle.pgt_counts (
  -- 'refresh', by its action or FAILED; 'alert', by its event
  kind          text NOT NULL CHECK (kind IN ('refresh', 'alert')),
  what          text NOT NULL,
  times         bigint NOT NULL,
  changes       bigint NOT NULL DEFAULT 0,
  rows_inserted bigint NOT NULL DEFAULT 0,
  rows_deleted  bigint NOT NULL DEFAULT 0
);
SELECT pg_extension_config_dump('pgtrickle.pgt_counts', '');

CREATE VIEW pgtrickle.pgt_counters AS
  SELECT kind, what, sum(times)::bigint AS times, sum(changes)::bigint AS changes,
         sum(rows_inserted)::bigint AS rows_inserted, sum(rows_deleted)::bigint AS rows_deleted
  FROM pgtrickle.pgt_counts GROUP BY kind, what;
GRANT SELECT ON pgtrickle.pgt_counters TO PUBLIC;

-- What there was before anybody counted.
INSERT INTO pgtrickle.pgt_counts
  SELECT 'refresh', CASE status WHEN 'COMPLETED' THEN coalesce(action, 'SKIP') ELSE 'FAILED' END, count(*),
         sum(delta_row_count), sum(rows_inserted), sum(rows_deleted)
  FROM pgtrickle.pgt_refresh_history WHERE status <> 'RUNNING' GROUP BY 2;
INSERT INTO pgtrickle.pgt_counts (kind, what, times)
  SELECT 'alert', event, count(*) FROM pgtrickle.pgt_alerts GROUP BY event;

CREATE FUNCTION pgtrickle._fold_counts() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH gone AS (DELETE FROM pgtrickle.pgt_counts RETURNING *)
  INSERT INTO pgtrickle.pgt_counts
    SELECT kind, what, sum(times), sum(changes), sum(rows_inserted), sum(rows_deleted) FROM gone GROUP BY kind, what
$$;

-- -- what counts ---------------------------------------------------------------

-- Part of each refresh: no operator, so that it needs no search_path of its own.
CREATE FUNCTION pgtrickle._count_refresh() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pgtrickle.pgt_counts
  VALUES ('refresh', coalesce(TG_ARGV[0], NEW.action, 'SKIP'), 1, NEW.delta_row_count, NEW.rows_inserted, NEW.rows_deleted);
  RETURN NULL;
END $$;

CREATE TRIGGER count_completed AFTER UPDATE OF status ON pgtrickle.pgt_refresh_history
  FOR EACH ROW WHEN (OLD.status = 'RUNNING' AND NEW.status = 'COMPLETED')
  EXECUTE FUNCTION pgtrickle._count_refresh();
CREATE TRIGGER count_failed AFTER UPDATE OF status ON pgtrickle.pgt_refresh_history
  FOR EACH ROW WHEN (OLD.status = 'RUNNING' AND NEW.status <> 'RUNNING' AND NEW.status <> 'COMPLETED')
  EXECUTE FUNCTION pgtrickle._count_refresh('FAILED');

-- A history that is loaded from a dump was counted where it was written, and those
-- counts are loaded too: its stream tables are still those of another catalog.
CREATE FUNCTION pgtrickle._count_written() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO pgtrickle.pgt_counts
  SELECT 'refresh', coalesce(NEW.action, 'SKIP'), 1, NEW.delta_row_count, NEW.rows_inserted, NEW.rows_deleted
  FROM pgtrickle.pgt_stream_tables s WHERE s.pgt_id = NEW.pgt_id AND s.origin = pgtrickle._home();
  RETURN NULL;
END $$;
CREATE TRIGGER count_written AFTER INSERT ON pgtrickle.pgt_refresh_history
  FOR EACH ROW WHEN (NEW.status = 'COMPLETED') EXECUTE FUNCTION pgtrickle._count_written();

CREATE FUNCTION pgtrickle._count_alert() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO pgtrickle.pgt_counts (kind, what, times) VALUES ('alert', NEW.event, 1);
  RETURN NULL;
END $$;
CREATE TRIGGER count_alert AFTER INSERT ON pgtrickle.pgt_alerts
  FOR EACH ROW EXECUTE FUNCTION pgtrickle._count_alert();

-- -- what is told of it ---------------------------------------------------------

-- Bytes of all change buffers and of all snapshots. Null: somebody holds one of them for
-- himself, and whoever asks has other things to do than to wait.
CREATE FUNCTION pgtrickle._stored_bytes() RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET lock_timeout = '20ms' AS $$
BEGIN
  RETURN jsonb_build_object(
    'change_buffers', (SELECT coalesce(sum(total_size), 0)::bigint FROM pgtrickle._rotating_parts()),
    'snapshots', (SELECT coalesce(sum(pg_total_relation_size(r.relation)), 0)::bigint
                  FROM (SELECT unnest(s.snapshot_relid || s.arrangements::oid[]) AS relation
                        FROM pgtrickle.pgt_snapshots s) r));
EXCEPTION WHEN lock_not_available THEN
  RETURN NULL;
END $$;

-- What a database reports of itself. `late` are the stream tables that have changes
-- to take in, or read one that has: [pgt_id, since when in Unix milliseconds, target
-- lag in milliseconds or null].
CREATE FUNCTION pgtrickle._figures() RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE late (pgt_id, since) AS (
    SELECT s.pgt_id, s.data_timestamp FROM pgtrickle.pgt_stream_tables s
    WHERE s.is_populated AND s.refresh_mode <> 'IMMEDIATE'
      AND (s.needs_reinit OR s.time_dependent OR s.pgt_id IN (SELECT u.pgt_id FROM pgtrickle._unconsumed_parts() u))
    UNION
    SELECT d.pgt_id, l.since FROM late l
    JOIN pgtrickle.pgt_stream_tables s ON s.pgt_id = l.pgt_id
    JOIN pgtrickle.pgt_dependencies d ON d.source_relid = s.pgt_relid
  )
  SELECT jsonb_build_object(
    'now', (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    'counters', (SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]') FROM pgtrickle.pgt_counters c),
    'count_rows', (SELECT count(*) FROM pgtrickle.pgt_counts),
    'alerts_waiting', (SELECT count(*) FROM pgtrickle.pgt_alerts WHERE published_at IS NULL),
    'stored_bytes', pgtrickle._stored_bytes(),
    'stream_tables', (SELECT coalesce(jsonb_object_agg(g.status, g.n), '{}') FROM (
      SELECT status, count(*) AS n FROM pgtrickle.pgt_stream_tables GROUP BY status) g),
    'targets', (SELECT count(*) FROM pgtrickle.pgt_stream_tables WHERE freshness_deadline_ms IS NOT NULL),
    'late', (SELECT coalesce(jsonb_agg(jsonb_build_array(
        s.pgt_id, (extract(epoch FROM l.since) * 1000)::bigint, s.freshness_deadline_ms)), '[]')
      FROM (SELECT pgt_id, min(since) AS since FROM late GROUP BY pgt_id) l
      JOIN pgtrickle.pgt_stream_tables s USING (pgt_id)))
$$;

REVOKE ALL ON FUNCTION pgtrickle._fold_counts(), pgtrickle._count_refresh(), pgtrickle._count_written(),
  pgtrickle._count_alert(), pgtrickle._stored_bytes(), pgtrickle._figures() FROM PUBLIC;
