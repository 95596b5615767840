-- How values of a type can be told apart: what the compiler of refresh
-- programs has to know of each column.

-- 'exact': equal values are the same value; 'loose': they may look different;
-- 'none': no equality to rely on.
-- In plpgsql, as what follows: its plans outlive the call.
CREATE FUNCTION pgtrickle._equality_of(type_id oid, collation_id oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t pg_type;
BEGIN
  SELECT * INTO t FROM pg_type WHERE oid = type_id;
  RETURN CASE
    WHEN t.typtype = 'd' THEN pgtrickle._equality_of(t.typbasetype, collation_id)
    WHEN t.typtype = 'e' THEN 'exact'
    WHEN t.typcategory = 'A' AND t.typelem <> 0
      THEN pgtrickle._equality_of(t.typelem, collation_id)
    WHEN t.typnamespace <> 'pg_catalog'::regnamespace THEN 'none'
    WHEN t.typtype IN ('r', 'm') THEN 'loose'
    WHEN EXISTS (SELECT FROM pg_collation c WHERE c.oid = collation_id
                 AND NOT c.collisdeterministic) THEN 'none'
    WHEN t.typname IN ('bool', 'int2', 'int4', 'int8', 'oid', 'text', 'varchar',
                       'name', 'date', 'time', 'timestamp', 'timestamptz',
                       'uuid', 'bytea', 'macaddr', 'pg_lsn') THEN 'exact'
    WHEN t.typname IN ('numeric', 'float4', 'float8', 'interval', 'timetz',
                       'jsonb', 'bpchar', 'inet', 'cidr') THEN 'loose'
    ELSE 'none'
  END;
END $$;

-- Whether a btree entry of this type can't outgrow a page.
CREATE FUNCTION pgtrickle._is_indexable(type_id oid, type_modifier integer) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t pg_type;
BEGIN
  SELECT * INTO t FROM pg_type WHERE oid = type_id;
  RETURN CASE
    WHEN t.typtype = 'd' THEN pgtrickle._is_indexable(t.typbasetype, t.typtypmod)
    WHEN t.typname IN ('varchar', 'bpchar') THEN type_modifier BETWEEN 4 AND 504
    ELSE t.typlen > 0 OR t.typname IN ('numeric', 'inet', 'cidr')
  END;
END $$;

-- What the compiler knows of a column of this type.
CREATE FUNCTION pgtrickle._type_facts(
  type_id oid, type_modifier integer, collation_id oid,
  OUT type text, OUT collation_name text, OUT equality text, OUT indexable boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  type := format_type(type_id, type_modifier);
  collation_name := '';
  IF collation_id <> 0 THEN
    SELECT format('%I.%I', n.nspname, c.collname) INTO collation_name
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
    WHERE c.oid = collation_id AND c.oid <> (SELECT typcollation FROM pg_type WHERE oid = type_id);
    collation_name := coalesce(collation_name, '');
  END IF;
  equality := pgtrickle._equality_of(type_id, collation_id);
  indexable := equality <> 'none' AND pgtrickle._is_indexable(type_id, type_modifier);
END $$;

-- The columns of a relation as the compiler sees them.
CREATE FUNCTION pgtrickle._columns_of(relation oid)
RETURNS TABLE (attnum smallint, name text, type text, collation_name text,
               equality text, indexable boolean, not_null boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT a.attnum, a.attname::text, f.type, f.collation_name, f.equality, f.indexable, a.attnotnull
  FROM pg_attribute a
  CROSS JOIN LATERAL pgtrickle._type_facts(a.atttypid, a.atttypmod, a.attcollation) f
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum;
END $$;

-- The columns of a query. It is read with the rights of the role `reader`, which
-- the caller must be a member of, and nothing is run but what reading runs.
CREATE FUNCTION pgtrickle._described(query text, reader oid)
RETURNS TABLE (type_id oid, type_modifier integer, collation_id oid)
LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'pgtrickle_described';

-- Creates the temporary view `name`, the caller's, over a query that is read in
-- the same way, under the caller's search_path.
CREATE FUNCTION pgtrickle._create_view(name text, query text, reader oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'pgtrickle_create_view';

-- ANALYZE calls the functions of a range type, which anybody may have written,
-- with the rights of the table's owner: a table of the daemon's has no
-- statistics of such columns.
CREATE FUNCTION pgtrickle._withhold_statistics(relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found name;
BEGIN
  FOR found IN
    WITH RECURSIVE types (attname, typid) AS (
      SELECT attname, atttypid FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
      UNION ALL SELECT y.attname, t.typbasetype FROM types y JOIN pg_type t ON t.oid = y.typid WHERE t.typtype = 'd')
    SELECT y.attname FROM types y JOIN pg_type t ON t.oid = y.typid
    WHERE t.typtype IN ('r', 'm') AND t.typnamespace <> 'pg_catalog'::regnamespace
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', relation::regclass, found);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._withhold_statistics(oid), pgtrickle._equality_of(oid, oid),
  pgtrickle._is_indexable(oid, integer), pgtrickle._type_facts(oid, integer, oid),
  pgtrickle._columns_of(oid), pgtrickle._described(text, oid),
  pgtrickle._create_view(text, text, oid) FROM PUBLIC;
