\echo Use "ALTER EXTENSION pg_trickle UPDATE" to load this file. \quit

-- The daemons of this PostgreSQL cluster and the databases they own.
CREATE FUNCTION pgtrickle.cluster_nodes()
RETURNS TABLE (node text, version text, started_at timestamptz,
               last_heartbeat timestamptz, databases jsonb, state text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT r.node, r.version, r.started_at, r.last_heartbeat, r.databases, r.state
  FROM jsonb_to_recordset(pgtrickle._relay('cluster_nodes', '{}'))
       AS r (node text, version text, started_at timestamptz,
             last_heartbeat timestamptz, databases jsonb, state text);
END;
REVOKE ALL ON FUNCTION pgtrickle.cluster_nodes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.cluster_nodes TO PUBLIC;
