-- What is out of order, part by part, and the statement that puts it right.

-- Definitions: each stream table has what it stands on.
CREATE FUNCTION pgtrickle._ailing_stream_tables()
RETURNS TABLE (check_name text, severity text, object text, problem text, remedy text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH known AS (
    SELECT t.*, pgtrickle._relation_name(t.pgt_relid) AS name, c.relowner
    FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid
  )
  SELECT 'capture', 'critical', k.name,
         format('%s: %s', pgtrickle._relation_name(f.source), string_agg(f.problem, ', ' ORDER BY f.problem)),
         format('SELECT pgtrickle.repair_stream_table(%L)', k.name)
  FROM pgtrickle._capture_faults() f JOIN pgtrickle.pgt_dependencies d ON d.source_relid = f.source
  JOIN known k USING (pgt_id) WHERE k.refresh_mode <> 'IMMEDIATE' GROUP BY k.name, f.source
  UNION ALL
  SELECT 'guards', 'critical', k.name, format('trigger %s is missing or disabled: users can write to it', w.trigger),
         format('SELECT pgtrickle.repair_stream_table(%L)', k.name)
  FROM known k CROSS JOIN (VALUES ('pgt_dml_guard', 'A'), ('pgt_dml_guard_replica', 'R')) w (trigger, firing)
  WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = k.pgt_relid AND g.tgname = w.trigger
                    AND g.tgenabled = w.firing::"char")
  UNION ALL
  -- what a view reads is read with the rights of the view's owner
  SELECT 'grants', 'critical', k.name,
         format('its owner %s may not read %s', k.relowner::regrole, pgtrickle._relation_name(d.source_relid)),
         format('GRANT SELECT ON %s TO %s', pgtrickle._relation_name(d.source_relid), k.relowner::regrole)
  FROM known k JOIN pgtrickle.pgt_dependencies d USING (pgt_id) JOIN pg_class c ON c.oid = d.source_relid
  WHERE NOT has_any_column_privilege(k.relowner, d.source_relid, 'SELECT')
    AND (d.source_type = 'VIEW' OR NOT EXISTS (
      SELECT FROM pgtrickle.pgt_dependencies v WHERE v.pgt_id = d.pgt_id AND v.source_type = 'VIEW'))
  UNION ALL
  SELECT 'grants', 'critical', k.name,
         format('its owner %s may not use schema %I', k.relowner::regrole, n.nspname),
         format('GRANT USAGE ON SCHEMA %I TO %s', n.nspname, k.relowner::regrole)
  FROM (SELECT DISTINCT k.name, k.relowner, c.relnamespace FROM known k
        JOIN pgtrickle.pgt_dependencies d USING (pgt_id) JOIN pg_class c ON c.oid = d.source_relid
        WHERE d.source_type = 'VIEW' OR NOT EXISTS (
          SELECT FROM pgtrickle.pgt_dependencies v WHERE v.pgt_id = d.pgt_id AND v.source_type = 'VIEW')) k
  JOIN pg_namespace n ON n.oid = k.relnamespace WHERE NOT has_schema_privilege(k.relowner, n.oid, 'USAGE')
  UNION ALL
  SELECT 'status', CASE k.status WHEN 'ERROR' THEN 'critical' ELSE 'warning' END, k.name,
         CASE k.status WHEN 'ERROR' THEN format('its refreshes failed %s times in a row: %s', k.consecutive_errors,
                                                k.last_error_message)
                       ELSE 'it is SUSPENDED' END,
         format('SELECT pgtrickle.resume_stream_table(%L)', k.name)
  FROM known k WHERE k.status IN ('ERROR', 'SUSPENDED')
$$;

-- What nobody needs any more.
CREATE FUNCTION pgtrickle._orphans()
RETURNS TABLE (check_name text, severity text, object text, problem text, remedy text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'orphans', 'critical', format('%I.%I', t.pgt_schema, t.pgt_name), 'the table of this stream table is gone',
         format('SELECT pgtrickle._forget_stream_table(%s)', t.pgt_id)
  FROM pgtrickle.pgt_stream_tables t WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.pgt_relid)
  UNION ALL
  SELECT 'orphans', 'warning', pgtrickle._relation_name(o.source), 'its changes are captured for nobody',
         format('SELECT pgtrickle._release_capture(%s)', o.source)
  FROM (SELECT substring(c.relname FROM '^changes_(\d+)$')::oid AS source FROM pg_class c
        WHERE c.relnamespace = 'pgtrickle_changes'::regnamespace AND c.relname ~ '^changes_\d+$'
        UNION
        SELECT substring(g.tgname FROM '^pgt_capture_(\d+)_')::oid FROM pg_trigger g
        WHERE g.tgfoid = 'pgtrickle._capture'::regproc AND g.tgname ~ '^pgt_capture_\d+_') o
  WHERE NOT pgtrickle._needs_capture(o.source)
  UNION ALL
  SELECT 'orphans', 'warning', string_agg(o.name, ', ' ORDER BY o.name), 'the stream table that it served is gone',
         format('SELECT pgtrickle._drop_immediate(%1$s, ''{}''), pgtrickle._drop_program(%1$s)', o.id)
  FROM (SELECT substring(c.relname FROM '_(\d+)_\d+$')::bigint AS id, format('%s.%I', c.relnamespace::regnamespace, c.relname) AS name
        FROM pg_class c WHERE c.relnamespace = 'pgtrickle_state'::regnamespace AND c.relkind IN ('r', 'v')
        AND c.relname !~ '^snapshot_' AND c.relname ~ '^[a-z][a-z0-9_]*_\d+_\d+$'
        UNION ALL
        SELECT substring(p.proname FROM '^(?:refresh|follow)_(\d+)')::bigint, format('%s.%I', p.pronamespace::regnamespace, p.proname)
        FROM pg_proc p WHERE p.pronamespace = 'pgtrickle_state'::regnamespace AND p.proname ~ '^(refresh|follow)_\d+') o
  WHERE NOT EXISTS (SELECT FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = o.id) GROUP BY o.id
  UNION ALL
  SELECT 'orphans', 'warning', c.oid::regclass::text, 'the snapshot that it belongs to is gone',
         format('DROP TABLE %s', c.oid::regclass)
  FROM pg_class c WHERE c.relnamespace = 'pgtrickle_state'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^snapshot_'
    AND NOT EXISTS (SELECT FROM pgtrickle.pgt_snapshots s WHERE c.oid = ANY (s.arrangements))
$$;

-- Sessions and transactions that stand in the way of refreshes for longer than
-- `patience`, or keep change buffers from being emptied.
CREATE FUNCTION pgtrickle._brakes(patience interval)
RETURNS TABLE (check_name text, severity text, object text, problem text, remedy text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'locks', 'warning', pgtrickle._relation_name(l.relation),
         CASE WHEN p.gid IS NULL THEN format('session %s of %s holds %s for %s', a.pid, a.usename, l.mode,
                                             date_trunc('second', clock_timestamp() - a.xact_start))
              ELSE format('prepared transaction %s holds %s', p.gid, l.mode) END,
         CASE WHEN p.gid IS NULL THEN format('SELECT pg_terminate_backend(%s)', a.pid)
              ELSE format('ROLLBACK PREPARED %L', p.gid) END
  FROM pg_locks l
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  LEFT JOIN pg_prepared_xacts p ON l.pid IS NULL AND l.virtualtransaction = '-1/' || p.transaction::text
  LEFT JOIN pgtrickle.pgt_stream_tables t ON t.pgt_relid = l.relation
  WHERE l.locktype = 'relation' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (t.pgt_id IS NOT NULL AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
         OR l.mode = 'AccessExclusiveLock' AND EXISTS (
           SELECT FROM pgtrickle.pgt_dependencies d WHERE d.source_relid = l.relation))
    AND coalesce(a.application_name, '') !~ '^pgtrickle [a-z]+@'
    AND coalesce(a.xact_start, p.prepared) < clock_timestamp() - patience
  UNION ALL
  SELECT 'transactions', 'warning', format('session %s of %s', a.pid, a.usename),
         format('its transaction is open for %s and %s: change buffers grow as long as it is', date_trunc('second', clock_timestamp() - a.xact_start), a.state),
         format('SELECT pg_terminate_backend(%s)', a.pid)
  FROM pg_stat_activity a
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
    AND (a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL) AND a.xact_start < clock_timestamp() - patience
    AND a.application_name !~ '^pgtrickle [a-z]+@'
  UNION ALL
  SELECT 'transactions', 'warning', format('prepared transaction %s', p.gid),
         format('it waits since %s to be committed', date_trunc('second', p.prepared)), format('ROLLBACK PREPARED %L', p.gid)
  FROM pg_prepared_xacts p WHERE p.database = current_database() AND p.prepared < clock_timestamp() - patience
  UNION ALL
  SELECT 'lag', 'warning', pgtrickle._relation_name(t.pgt_relid),
         format('it is %s old, and may be %s', make_interval(secs => round(s.seconds::numeric)::double precision),
                make_interval(secs => t.freshness_deadline_ms / 1000.0)),
         format('SELECT pgtrickle.refresh_stream_table(%L)', pgtrickle._relation_name(t.pgt_relid))
  FROM pgtrickle.pgt_stream_tables t CROSS JOIN LATERAL pgtrickle._staleness(t.pgt_id) s (seconds)
  WHERE t.status = 'ACTIVE' AND s.seconds * 1000 > t.freshness_deadline_ms
  UNION ALL
  SELECT 'workers', 'warning', current_database(), 'refreshes wait for workers for longer than their schedules allow',
         format('ALTER DATABASE %I SET pg_trickle.max_concurrent_refreshes = %s', current_database(),
                least(32, 2 * coalesce(nullif(current_setting('pg_trickle.max_concurrent_refreshes', true), ''), '4')::integer))
  FROM (SELECT FROM pgtrickle.pgt_alerts a WHERE a.event = 'scheduler_falling_behind'
        AND a.created_at > clock_timestamp() - interval '5 minutes' LIMIT 1) lately
$$;

-- The installation itself.
CREATE FUNCTION pgtrickle._ailing_installation(patience interval)
RETURNS TABLE (check_name text, severity text, object text, problem text, remedy text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'version', 'critical', 'extension pg_trickle',
         format('its functions are of version %s, its library of %s', e.extversion, pgtrickle.version()),
         format('ALTER EXTENSION pg_trickle UPDATE TO %L', pgtrickle.version())
  FROM pg_extension e WHERE e.extname = 'pg_trickle' AND e.extversion <> pgtrickle.version()
  UNION ALL
  SELECT 'event triggers', 'critical', format('event trigger %I', v.evtname),
         'it does not fire always: DDL on what stream tables read may not be followed',
         format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', v.evtname)
  FROM pg_event_trigger v
  WHERE v.evtname IN ('pg_trickle_ddl_tracker', 'pg_trickle_drop_tracker', 'pg_trickle_rewrite_tracker') AND v.evtenabled <> 'A'
     OR v.evtname = 'pg_trickle_subscription_tracker' AND v.evtenabled NOT IN ('O', 'A')
  UNION ALL
  SELECT 'settings', 'critical', current_database(), 'pg_trickle.enabled is off: nothing is refreshed',
         format('ALTER DATABASE %I SET pg_trickle.enabled = on', current_database())
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS c (entry)
  WHERE d.datname = current_database() AND s.setrole = 0
    AND lower(entry) IN ('pg_trickle.enabled=off', 'pg_trickle.enabled=false', 'pg_trickle.enabled=0', 'pg_trickle.enabled=no')
  UNION ALL
  SELECT 'calls', 'warning', coalesce(c.arguments ->> 'name', c.method),
         format('%s of %s failed after its COMMIT: %s', c.method, c.role, c.error_message),
         format('DELETE FROM pgtrickle.pending_calls WHERE call_id = %s', c.call_id)
  FROM pgtrickle.pending_calls c WHERE c.failed_at IS NOT NULL
  UNION ALL
  SELECT 'alerts', 'warning', current_database(), format('%s alerts wait for NATS since %s', count(*), date_trunc('second', min(a.created_at))), NULL
  FROM pgtrickle.pgt_alerts a WHERE a.published_at IS NULL HAVING min(a.created_at) < clock_timestamp() - patience
$$;

-- Everything above. What lasts for longer than `patience` stands in the way.
CREATE FUNCTION pgtrickle.doctor(patience interval DEFAULT '1 minute')
RETURNS TABLE (check_name text, severity text, object text, problem text, remedy text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT f.check_name, f.severity, f.object, f.problem, f.remedy
  FROM (SELECT 1 AS place, i.* FROM pgtrickle._ailing_installation(patience) i
        UNION ALL SELECT 2, s.* FROM pgtrickle._ailing_stream_tables() s
        UNION ALL SELECT 3, o.* FROM pgtrickle._orphans() o
        UNION ALL SELECT 4, b.* FROM pgtrickle._brakes(patience) b) f
  ORDER BY f.severity, f.place, f.check_name, f.object;
END;

REVOKE ALL ON FUNCTION pgtrickle._ailing_stream_tables, pgtrickle._orphans, pgtrickle._brakes, pgtrickle._ailing_installation,
  pgtrickle.doctor FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.doctor TO pg_monitor;
