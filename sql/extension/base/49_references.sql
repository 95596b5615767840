-- What the query of each stream table refers to, as it was when its program was
-- compiled. DDL is judged by what it changed of this.

CREATE TABLE pgtrickle.pgt_references (
  pgt_id      bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  classid     oid NOT NULL,
  objid       oid NOT NULL,
  schema_name text NOT NULL,
  object_name text NOT NULL,
  -- of a relation: the columns used, attribute number to name
  columns     jsonb NOT NULL,
  -- what else the compiler knew of the object (pgtrickle._facts_of)
  facts       jsonb NOT NULL,
  -- by which it is found where it has another oid: its present name and those
  -- of the columns
  address     jsonb NOT NULL,
  PRIMARY KEY (pgt_id, classid, objid)
);
CREATE INDEX ON pgtrickle.pgt_references (classid, objid);
GRANT SELECT ON pgtrickle.pgt_references TO PUBLIC;
SELECT pg_extension_config_dump('pgtrickle.pgt_references', '');

-- In plpgsql, as what follows: its plans outlive the call.
CREATE FUNCTION pgtrickle._name_of(class oid, object oid, OUT schema_name text, OUT object_name text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT n.nspname, o.name INTO schema_name, object_name FROM (
    SELECT relnamespace, relname FROM pg_class WHERE class = 'pg_class'::regclass AND oid = object
    UNION ALL SELECT pronamespace, proname FROM pg_proc WHERE class = 'pg_proc'::regclass AND oid = object
    UNION ALL SELECT typnamespace, typname FROM pg_type WHERE class = 'pg_type'::regclass AND oid = object
    UNION ALL SELECT oprnamespace, oprname FROM pg_operator WHERE class = 'pg_operator'::regclass AND oid = object
    UNION ALL SELECT collnamespace, collname FROM pg_collation WHERE class = 'pg_collation'::regclass AND oid = object
  ) o (space, name) JOIN pg_namespace n ON n.oid = o.space;
END $$;

-- Columns of a relation by attribute number: their names. 0 stands for the whole
-- row.
CREATE FUNCTION pgtrickle._column_names(relation oid, attnums smallint[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(attnum, attname), '{}') || CASE WHEN 0 = ANY (attnums) THEN '{"0": "*"}'::jsonb ELSE '{}' END
    FROM pg_attribute WHERE attrelid = relation AND attnum = ANY (attnums) AND NOT attisdropped);
END $$;

-- What finds an object again where it has another oid (pgtrickle._find).
CREATE FUNCTION pgtrickle._address_of(class oid, object oid, columns jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object('type', a.type, 'names', a.object_names, 'args', a.object_args, 'columns',
      pgtrickle._column_names(object, ARRAY(SELECT jsonb_object_keys(_address_of.columns)::smallint)))
    FROM pg_identify_object_as_address(class, object, 0) a);
END $$;

-- Everything beside its name that a program may rely on. An analysis that comes
-- to rely on more has to add it here.
CREATE FUNCTION pgtrickle._facts_of(class oid, object oid, attnums smallint[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object(
        'kind', c.relkind, 'row_security', c.relrowsecurity,
        'key', (SELECT conkey FROM pg_constraint WHERE conrelid = object AND contype = 'p'),
        'members', ARRAY(SELECT m::bigint FROM pgtrickle._hierarchy_of(object) m ORDER BY 1),
        'is_member', EXISTS (SELECT FROM pg_inherits WHERE inhrelid = object),
        'query', (SELECT md5(ev_action::text) FROM pg_rewrite WHERE ev_class = object AND rulename = '_RETURN'),
        'columns', (SELECT coalesce(jsonb_object_agg(attnum, ARRAY[atttypid::bigint, atttypmod, attcollation]), '{}')
                    FROM pg_attribute WHERE attrelid = object AND attnum = ANY (attnums) AND NOT attisdropped),
        'row', CASE WHEN 0 = ANY (attnums) THEN (SELECT jsonb_object_agg(attname, atttypid::bigint) FROM pg_attribute
                    WHERE attrelid = object AND attnum > 0 AND NOT attisdropped) END,
        'not_null', ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = object AND attnum = ANY (attnums)
                          AND NOT attisdropped AND attnotnull))
      FROM pg_class c WHERE class = 'pg_class'::regclass AND c.oid = object
    UNION ALL
    SELECT jsonb_build_object('body', md5(concat_ws('|', p.prosrc, p.probin, p.prosqlbody::text, p.provolatile,
        p.proisstrict, p.proretset, p.prorettype, p.prosecdef, p.proconfig::text, p.prolang,
        (SELECT a::text FROM pg_aggregate a WHERE a.aggfnoid = p.oid))))
      FROM pg_proc p WHERE class = 'pg_proc'::regclass AND p.oid = object
    UNION ALL
    SELECT jsonb_build_object('base', t.typbasetype::bigint,
        'labels', ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = object),
        'attributes', (SELECT md5(string_agg(concat_ws('|', attname, atttypid, atttypmod), ',' ORDER BY attnum))
                       FROM pg_attribute WHERE attrelid = t.typrelid AND t.typtype = 'c'
                       AND attnum > 0 AND NOT attisdropped))
      FROM pg_type t WHERE class = 'pg_type'::regclass AND t.oid = object
    UNION ALL
    SELECT jsonb_build_object('function', o.oprcode::oid::bigint)
      FROM pg_operator o WHERE class = 'pg_operator'::regclass AND o.oid = object
    UNION ALL
    SELECT '{}' FROM pg_collation o WHERE class = 'pg_collation'::regclass AND o.oid = object);
END $$;

-- What the query of `view` refers to, also through the views below it, but for
-- what every PostgreSQL has: rows of pgt_references as a JSON array.
CREATE FUNCTION pgtrickle._references_of(view oid) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (
    WITH RECURSIVE rules (rule, relid) AS (
      SELECT oid, ev_class FROM pg_rewrite WHERE ev_class = view
      UNION
      SELECT w.oid, w.ev_class FROM rules r
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.rule
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.relid
      JOIN pg_class c ON c.oid = d.refobjid AND c.relkind = 'v'
      JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename = '_RETURN'),
    -- a reference to the whole row uses every column
    trees AS MATERIALIZED (
      SELECT r.rule, r.relid, w.ev_action::text ~ ':varattno 0 ' AS whole
      FROM rules r JOIN pg_rewrite w ON w.oid = r.rule),
    named AS (
      SELECT DISTINCT d.refclassid AS classid, d.refobjid AS objid, d.refobjsubid AS attnum, r.whole
      FROM trees r
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.rule AND d.refobjid <> r.relid),
    used AS (
      SELECT n.objid AS relid, a.attnum, a.atttypid FROM named n
      JOIN pg_attribute a ON a.attrelid = n.objid AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attnum = n.attnum OR n.whole)
      WHERE n.classid = 'pg_class'::regclass),
    types (typid) AS (
      SELECT objid FROM named WHERE classid = 'pg_type'::regclass UNION SELECT atttypid FROM used
      UNION SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END
            FROM types y JOIN pg_type t ON t.oid = y.typid
            WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)),
    objects (classid, objid) AS (
      SELECT classid, objid FROM named
      UNION SELECT 'pg_type'::regclass, y.typid FROM types y JOIN pg_type t ON t.oid = y.typid
            WHERE t.typnamespace <> 'pg_catalog'::regnamespace
      UNION SELECT 'pg_proc'::regclass, o.oprcode FROM named n
            JOIN pg_operator o ON n.classid = 'pg_operator'::regclass AND o.oid = n.objid
      UNION SELECT 'pg_proc'::regclass, f FROM named n
            JOIN pg_aggregate a ON n.classid = 'pg_proc'::regclass AND a.aggfnoid = n.objid
            CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn]::oid[]) f WHERE f >= 16384)
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'classid', o.classid::bigint, 'objid', o.objid::bigint, 'schema_name', n.schema_name,
        'object_name', n.object_name, 'columns', pgtrickle._column_names(o.objid, u.attnums),
        'facts', pgtrickle._facts_of(o.classid, o.objid, u.attnums))), '[]')
    FROM objects o
    CROSS JOIN LATERAL pgtrickle._name_of(o.classid, o.objid) n
    CROSS JOIN LATERAL (
      SELECT ARRAY(SELECT DISTINCT attnum FROM used WHERE relid = o.objid AND o.classid = 'pg_class'::regclass
                   UNION ALL SELECT 0::smallint WHERE EXISTS (SELECT FROM named m WHERE m.whole AND m.objid = o.objid
                             AND m.classid = o.classid AND o.classid = 'pg_class'::regclass))) u (attnums)
    WHERE n.object_name IS NOT NULL);
END $$;

CREATE FUNCTION pgtrickle._record_references(id bigint, found jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM pgtrickle.pgt_references WHERE pgt_id = id;
  INSERT INTO pgtrickle.pgt_references
    SELECT id, r.classid, r.objid, r.schema_name, r.object_name, r.columns, r.facts,
           pgtrickle._address_of(r.classid, r.objid, r.columns)
    FROM jsonb_to_recordset(found) AS r (classid oid, objid oid, schema_name text, object_name text,
                                         columns jsonb, facts jsonb);
$$;

-- To be called after DDL on the object.
CREATE FUNCTION pgtrickle._record_addresses(class oid, object oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT f.pgt_id, pgtrickle._address_of(class, object, f.columns) AS now
           FROM pgtrickle.pgt_references f WHERE f.classid = class AND f.objid = object LOOP
    UPDATE pgtrickle.pgt_references f SET address = r.now
    WHERE f.pgt_id = r.pgt_id AND f.classid = class AND f.objid = object AND f.address <> r.now;
  END LOOP;
END $$;

-- 'same', 'renamed' (itself or columns of it), or 'changed': what was compiled
-- may be wrong.
CREATE FUNCTION pgtrickle._verdict_on(r pgtrickle.pgt_references) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN n.object_name IS NULL THEN 'changed'
    WHEN r.facts - lenient <> f.facts - lenient THEN 'changed'
    WHEN NOT coalesce((r.facts -> 'not_null') <@ (f.facts -> 'not_null'), true)
      OR NOT coalesce((r.facts -> 'labels') <@ (f.facts -> 'labels'), true) THEN 'changed'
    WHEN (r.facts -> 'key') NOT IN ('null', f.facts -> 'key') THEN 'changed'
    WHEN (n.schema_name, n.object_name) <> (r.schema_name, r.object_name)
      OR r.columns <> pgtrickle._column_names(r.objid, a.attnums) THEN 'renamed'
    ELSE 'same' END
  FROM (SELECT ARRAY(SELECT jsonb_object_keys(r.columns)::smallint)) a (attnums)
  -- a constraint more, or one more label, makes nothing wrong
  CROSS JOIN (SELECT '{not_null,labels,key}'::text[]) l (lenient)
  CROSS JOIN LATERAL pgtrickle._name_of(r.classid, r.objid) n
  CROSS JOIN LATERAL (SELECT pgtrickle._facts_of(r.classid, r.objid, a.attnums)) f (facts)
$$;

-- What the query of a stream table names and has another name now.
CREATE FUNCTION pgtrickle._renamed_references(id bigint)
RETURNS TABLE (class text, objid oid, old_schema text, old_name text, new_schema text, new_name text,
               has_renamed_columns boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.classid::regclass::text, r.objid, r.schema_name, r.object_name, n.schema_name, n.object_name,
         c.has_renamed_columns
  FROM pgtrickle.pgt_references r
  CROSS JOIN LATERAL pgtrickle._name_of(r.classid, r.objid) n
  CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM jsonb_each_text(r.columns) k
    JOIN pg_attribute a ON a.attrelid = r.objid AND a.attnum = k.key::smallint AND NOT a.attisdropped
    WHERE r.classid = 'pg_class'::regclass AND a.attname <> k.value)) c (has_renamed_columns)
  WHERE r.pgt_id = id AND n.object_name IS NOT NULL
    AND ((n.schema_name, n.object_name) <> (r.schema_name, r.object_name) OR c.has_renamed_columns)
$$;

-- Creates a temporary table that has the columns of a relation under the names
-- that the query of `id` knows: a view over it follows when they are renamed.
CREATE FUNCTION pgtrickle._create_stand_in(id bigint, relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known jsonb := (SELECT columns FROM pgtrickle.pgt_references
                  WHERE pgt_id = id AND classid = 'pg_class'::regclass AND objid = relation);
  definitions text;
  key text;
BEGIN
  SELECT string_agg(format('%I %s%s', coalesce(known ->> c.attnum::text, '__pgt_' || c.attnum), c.type,
                           ' COLLATE ' || nullif(c.collation_name, '')), ', ' ORDER BY c.attnum)
    INTO definitions FROM pgtrickle._columns_of(relation) c;
  -- columns that depend on the key may be selected beside it
  SELECT ', PRIMARY KEY (' || string_agg(format('%I', coalesce(known ->> a::text, '__pgt_' || a)), ', ') || ')'
    INTO key FROM pg_constraint k, unnest(k.conkey) a WHERE k.conrelid = relation AND k.contype = 'p';
  EXECUTE format('CREATE TEMP TABLE __pgt_stand_in_%s (%s%s)', relation, definitions, key);
END $$;

CREATE FUNCTION pgtrickle._rename_stand_in(id bigint, relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  renamed record;
BEGIN
  -- twice, since two columns may have changed their names with each other
  FOR renamed IN
    SELECT step, CASE step WHEN 1 THEN k.value ELSE '__pgt_new_' || k.key END AS before,
           CASE step WHEN 1 THEN '__pgt_new_' || k.key ELSE a.attname END AS after
    FROM generate_series(1, 2) step, pgtrickle.pgt_references r
    CROSS JOIN LATERAL jsonb_each_text(r.columns) k
    JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = k.key::smallint AND NOT a.attisdropped
    WHERE r.pgt_id = id AND r.classid = 'pg_class'::regclass AND r.objid = relation ORDER BY step
  LOOP
    EXECUTE format('ALTER TABLE pg_temp.__pgt_stand_in_%s RENAME COLUMN %I TO %I',
                   relation, renamed.before, renamed.after);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION pgtrickle._name_of(oid, oid), pgtrickle._address_of(oid, oid, jsonb), pgtrickle._column_names(oid, smallint[]),
  pgtrickle._facts_of(oid, oid, smallint[]), pgtrickle._references_of(oid),
  pgtrickle._record_references(bigint, jsonb), pgtrickle._record_addresses(oid, oid), pgtrickle._verdict_on(pgtrickle.pgt_references),
  pgtrickle._renamed_references(bigint), pgtrickle._create_stand_in(bigint, oid),
  pgtrickle._rename_stand_in(bigint, oid) FROM PUBLIC;
