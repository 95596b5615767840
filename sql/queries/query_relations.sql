-- Relations that a view's query names, with the columns it uses ($1: the view).
SELECT r.relid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       r.attnums, c.relrowsecurity AS row_security,
       coalesce(k.conkey, '{}')::text AS key,
       (SELECT coalesce(array_agg(t.relid), '{}')::text FROM LATERAL (
          WITH RECURSIVE below (relid) AS (
            SELECT r.relid
            UNION
            SELECT d.refobjid FROM below b JOIN pg_rewrite w ON w.ev_class = b.relid
            JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> b.relid)
          SELECT b.relid FROM below b JOIN pg_class t ON t.oid = b.relid WHERE t.relkind IN ('r', 'p')) t) AS tables
FROM (SELECT d.refobjid AS relid,
             coalesce(array_agg(DISTINCT d.refobjsubid ORDER BY d.refobjsubid)
                      FILTER (WHERE d.refobjsubid > 0), '{}')::text AS attnums
      FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        AND d.refclassid = 'pg_class'::regclass
      WHERE w.ev_class = $1 AND d.refobjid <> $1 GROUP BY 1) r
JOIN pg_class c ON c.oid = r.relid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint k ON k.conrelid = r.relid AND k.contype = 'p'
ORDER BY r.relid
