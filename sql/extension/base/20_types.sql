-- How values of a type can be told apart: what the compiler of refresh
-- programs has to know of each column.

-- 'exact': equal values are the same value; 'loose': they may look different;
-- 'none': no equality to rely on.
CREATE FUNCTION pgtrickle._equality_of(type_id oid, collation_id oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
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
  END
  FROM pg_type t WHERE t.oid = type_id
$$;

-- Whether a btree entry of this type can't outgrow a page.
CREATE FUNCTION pgtrickle._is_indexable(type_id oid, type_modifier integer) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN t.typtype = 'd' THEN pgtrickle._is_indexable(t.typbasetype, t.typtypmod)
    WHEN t.typname IN ('varchar', 'bpchar') THEN type_modifier BETWEEN 4 AND 504
    ELSE t.typlen > 0 OR t.typname IN ('numeric', 'inet', 'cidr')
  END
  FROM pg_type t WHERE t.oid = type_id
$$;

-- The columns of a relation as the compiler sees them.
CREATE FUNCTION pgtrickle._columns_of(relation oid)
RETURNS TABLE (attnum smallint, name text, type text, collation_name text,
               equality text, indexable boolean, not_null boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod),
         CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0
           THEN format('%I.%I', n.nspname, c.collname) ELSE '' END,
         e.equality,
         e.equality <> 'none' AND pgtrickle._is_indexable(a.atttypid, a.atttypmod),
         a.attnotnull
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  CROSS JOIN LATERAL (SELECT pgtrickle._equality_of(a.atttypid, a.attcollation)) e (equality)
  LEFT JOIN pg_collation c ON c.oid = a.attcollation
  LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum
$$;

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
  pgtrickle._is_indexable(oid, integer), pgtrickle._columns_of(oid) FROM PUBLIC;
