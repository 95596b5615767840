\echo Use "ALTER EXTENSION pg_trickle UPDATE" to load this file. \quit

-- The daemons of this PostgreSQL cluster and the databases they own. Which ones are to
-- hand theirs over, the settings of all roles say (40_nodes.sql); everybody may read those.
CREATE FUNCTION pgtrickle.cluster_nodes()
RETURNS TABLE (node text, version text, started_at timestamptz,
               last_heartbeat timestamptz, databases jsonb, state text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT r.node, r.version, r.started_at, r.last_heartbeat, r.databases,
         CASE WHEN r.node <> ALL (d.names) THEN r.state WHEN r.state = 'up' THEN 'draining' ELSE 'drained' END
  FROM jsonb_to_recordset(pgtrickle._relay('cluster_nodes', '{}'))
       AS r (node text, version text, started_at timestamptz,
             last_heartbeat timestamptz, databases jsonb, state text),
       LATERAL (SELECT coalesce(array_agg(trim(name)), '{}')
                FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS c (entry),
                     string_to_table(substr(entry, strpos(entry, '=') + 1), ',') AS name
                WHERE s.setdatabase = 0 AND s.setrole = 0
                  AND entry LIKE 'pg\_trickle.drained\_nodes=%') AS d (names);
END;
REVOKE ALL ON FUNCTION pgtrickle.cluster_nodes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.cluster_nodes TO PUBLIC;
