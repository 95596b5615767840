-- What is said to the daemons themselves. It stands where all of them read it,
-- whatever database they own: in the settings of all roles.

CREATE FUNCTION pgtrickle._drained_nodes() RETURNS text[]
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT coalesce(array_agg(trim(name) ORDER BY trim(name)) FILTER (WHERE trim(name) <> ''), '{}')
  FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS c (entry),
       string_to_table(substr(entry, strpos(entry, '=') + 1), ',') AS name
  WHERE s.setdatabase = 0 AND s.setrole = 0 AND entry LIKE 'pg\_trickle.drained\_nodes=%';
END;

CREATE FUNCTION pgtrickle._set_drained_nodes(names text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF cardinality(names) = 0 THEN
    ALTER ROLE ALL RESET pg_trickle.drained_nodes;
  ELSE
    EXECUTE format('ALTER ROLE ALL SET pg_trickle.drained_nodes = %L', array_to_string(names, ','));
  END IF;
END
$$;

-- Has a daemon hand over what it owns, and end.
CREATE FUNCTION pgtrickle.drain_node(node text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  others bigint;
BEGIN
  IF node IS NULL OR node !~ '^[A-Za-z0-9_-]{1,32}$' THEN
    RAISE EXCEPTION 'node name % is not one', quote_nullable(node)
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'SELECT node FROM pgtrickle.cluster_nodes() lists them.';
  END IF;
  PERFORM pgtrickle._set_drained_nodes(array(
    SELECT DISTINCT name FROM unnest(pgtrickle._drained_nodes() || node) AS name ORDER BY 1));
  SELECT count(*) INTO others FROM pg_stat_activity
  WHERE application_name LIKE 'pgtrickle node@%'
    AND split_part(split_part(application_name, '@', 2), ' ', 1) <> ALL (pgtrickle._drained_nodes());
  IF others = 0 THEN
    RAISE NOTICE 'no other daemon is there: nobody will serve the databases of %', node;
  END IF;
END
$$;

-- Lets a daemon of that name take databases again.
CREATE FUNCTION pgtrickle.undrain_node(node text) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  drained text[] := pgtrickle._drained_nodes();
BEGIN
  IF node IS NULL OR node <> ALL (drained) THEN
    RETURN false;
  END IF;
  PERFORM pgtrickle._set_drained_nodes(array_remove(drained, node));
  RETURN true;
END
$$;

REVOKE ALL ON FUNCTION pgtrickle._drained_nodes(), pgtrickle._set_drained_nodes(text[]),
                       pgtrickle.drain_node(text), pgtrickle.undrain_node(text) FROM PUBLIC;
