-- What pgtricklectl calls of the extension, with the same names and results,
-- for a database without a daemon.
CREATE SCHEMA pgtrickle;

CREATE FUNCTION pgtrickle._add_row(numeric, record) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog
AS $$ BEGIN RETURN $1 + hashtextextended($2::text, 0); END $$;

CREATE FUNCTION pgtrickle._digits(numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT lpad(to_hex(mod($1, 9223372036854775807)::bigint), 16, '0') $$;

CREATE AGGREGATE pgtrickle.content_hash(record) (
  SFUNC = pgtrickle._add_row, STYPE = numeric, INITCOND = '0',
  FINALFUNC = pgtrickle._digits, PARALLEL = SAFE);

CREATE TABLE pgtrickle.pgt_snapshots (snapshot_relid oid UNIQUE);

CREATE FUNCTION pgtrickle.adopt_snapshot(snapshot_table text) RETURNS text
LANGUAGE sql AS $$
  INSERT INTO pgtrickle.pgt_snapshots VALUES ($1::regclass) RETURNING $1 $$;

CREATE FUNCTION pgtrickle.snapshot_stream_table(
  name text, target text DEFAULT NULL) RETURNS text
LANGUAGE sql AS $$ SELECT coalesce(target, 'pgtrickle.snapshot_of_' || name) $$;

CREATE FUNCTION pgtrickle.list_snapshots(name text DEFAULT NULL)
RETURNS TABLE (snapshot_table text, stream_table text, created_at timestamptz,
  row_count bigint, frontier jsonb, size_bytes bigint, content_hash text,
  resumable boolean, reason text)
LANGUAGE sql AS $$
  SELECT 'pgtrickle.s', 'public.sales',
         '2026-11-26 20:15:00.5+00'::timestamptz, 12::bigint,
         '{"snapshot": "1:1:"}'::jsonb, 8192::bigint, 'ff', true, NULL::text
  WHERE $1 IS DISTINCT FROM 'none' $$;

CREATE FUNCTION pgtrickle.verify_snapshot(snapshot_table text)
RETURNS TABLE (row_count bigint, content_hash text, ok boolean, detail text)
LANGUAGE sql AS $$
  SELECT 12::bigint, 'ff', $1 = 'good', 'a hash differs' $$;

CREATE FUNCTION pgtrickle.restore_from_snapshot(name text, source text)
RETURNS void
LANGUAGE plpgsql AS $$ BEGIN
  RAISE NOTICE 'restored % from %', name, source; END $$;

CREATE FUNCTION pgtrickle.drop_snapshot(snapshot_table text) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '% is not a snapshot', snapshot_table
    USING ERRCODE = '42P01', DETAIL = 'details', HINT = 'Hints.'; END $$;
