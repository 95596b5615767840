-- Relations that a view's query names, with the columns it uses ($1: the view),
-- and whether the role $2 may read them itself.
SELECT r.relid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       r.attnums, below.row_security,
       coalesce(k.conkey, '{}')::text AS key,
       below.tables, below.views, below.uncaptured,
       has_schema_privilege($2, n.oid, 'USAGE')
         AND (has_table_privilege($2, r.relid, 'SELECT')
              OR (r.attnums <> '{}' AND (SELECT bool_and(has_column_privilege($2, r.relid, a, 'SELECT'))
                                         FROM unnest(r.attnums::smallint[]) a))) AS readable,
       coalesce('security_barrier=true' = ANY (c.reloptions), false) AS barrier
FROM (SELECT d.refobjid AS relid,
             coalesce(array_agg(DISTINCT d.refobjsubid ORDER BY d.refobjsubid)
                      FILTER (WHERE d.refobjsubid > 0), '{}')::text AS attnums
      FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        AND d.refclassid = 'pg_class'::regclass
      WHERE w.ev_class = $1 AND d.refobjid <> $1 GROUP BY 1) r
JOIN pg_class c ON c.oid = r.relid
JOIN pg_namespace n ON n.oid = c.relnamespace
-- Inheritance children may repeat the keys of their parent.
LEFT JOIN pg_constraint k ON k.conrelid = r.relid AND k.contype = 'p'
  AND NOT (c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = r.relid))
CROSS JOIN LATERAL (
  WITH RECURSIVE below (relid) AS (
    SELECT r.relid
    UNION
    SELECT d.refobjid FROM below b JOIN pg_rewrite w ON w.ev_class = b.relid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> b.relid)
  SELECT coalesce(array_agg(b.relid) FILTER (WHERE t.relkind IN ('r', 'p')), '{}')::text AS tables,
         coalesce(array_agg(b.relid) FILTER (WHERE t.relkind = 'v'), '{}')::text AS views,
         string_agg(b.relid::regclass::text, ', ') FILTER (WHERE t.relkind NOT IN ('r', 'p', 'v')) AS uncaptured,
         bool_or(t.relrowsecurity) AS row_security
  FROM below b JOIN pg_class t ON t.oid = b.relid) below
ORDER BY r.relid
