-- What refresh programs need where a subquery stands for a value.

-- The one value of a subquery that gave `given`; null if it gave none.
CREATE FUNCTION pgtrickle._only_value(given anyarray) RETURNS anyelement
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF cardinality(given) > 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'cardinality_violation',
      MESSAGE = 'more than one row returned by a subquery used as an expression';
  END IF;
  RETURN given[1];
END $$;
