-- Names of stream tables, in and out.

-- A relation's name, quoted and qualified.
CREATE FUNCTION pgtrickle._relation_name(relation oid) RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(
  (SELECT format('%I.%I', n.nspname, c.relname)
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.oid = relation),
  format('(dropped relation %s)', relation));

-- Finds a stream table by the name that the caller would use in a query.
CREATE FUNCTION pgtrickle._stream_table_id(name text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  relation oid;
  id bigint;
BEGIN
  IF name IS NULL THEN
    RAISE EXCEPTION 'the name of a stream table must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  relation := pg_catalog.to_regclass(name)::pg_catalog.oid;
  SELECT s.pgt_id INTO id FROM pgtrickle.pgt_stream_tables s
    WHERE s.pgt_relid OPERATOR(pg_catalog.=) relation;
  IF id IS NULL THEN
    RAISE EXCEPTION 'stream table % does not exist', name
      USING ERRCODE = 'undefined_table',
            DETAIL = CASE WHEN relation IS NOT NULL
                          THEN 'There is a relation of that name, but it is not a stream table.'
                          ELSE 'There is no relation of that name.' END,
            HINT = 'pgtrickle.pgt_status() lists the stream tables.';
  END IF;
  RETURN id;
END $$;
