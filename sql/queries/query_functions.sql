-- Functions that a view's query calls, by itself, in operators, or in the views
-- below it ($1: the view); and whether it reads the clock by a keyword.
WITH RECURSIVE views (relid) AS (
  SELECT $1::oid
  UNION
  SELECT d.refobjid FROM views v JOIN pg_rewrite w ON w.ev_class = v.relid
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.relid
  JOIN pg_class c ON c.oid = d.refobjid AND c.relkind = 'v'),
trees AS (SELECT w.ev_action::text AS tree FROM views v JOIN pg_rewrite w ON w.ev_class = v.relid),
called (id) AS (
  SELECT m[1]::oid FROM trees, regexp_matches(tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') m
  UNION
  SELECT o.oprcode FROM trees, regexp_matches(tree, ':opno (\d+)', 'g') m JOIN pg_operator o ON o.oid = m[1]::oid)
SELECT n.nspname::text AS schema, p.proname::text AS name, p.provolatile::text AS volatility, p.prokind::text AS kind, p.proretset AS returns_set,
       (SELECT bool_or(tree ~ 'SQLVALUEFUNCTION|NEXTVALUEEXPR') FROM trees) AS reads_clock
FROM (SELECT DISTINCT id FROM called) c
JOIN pg_proc p ON p.oid = c.id JOIN pg_namespace n ON n.oid = p.pronamespace
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, (SELECT bool_or(tree ~ 'SQLVALUEFUNCTION|NEXTVALUEEXPR') FROM trees)
