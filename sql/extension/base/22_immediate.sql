-- IMMEDIATE: the program of a stream table runs in the transaction that writes
-- to its sources. No change buffer: triggers put the transition tables of a
-- statement into staging tables, and the last of them runs the program.

-- Who writes to a source of an IMMEDIATE stream table changes its row here
-- first, and so has it to himself until the end of his transaction. A row
-- rather than an advisory lock: an older snapshot that REPEATABLE READ keeps
-- then fails with 40001 instead of being computed with.
CREATE TABLE pgtrickle.pgt_immediate_locks (
  pgt_id bigint PRIMARY KEY REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  holder xid8 NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What the extension's library remembers of a transaction. True: the first
-- statement of this transaction that writes to a source of the stream table.
CREATE FUNCTION pgtrickle._immediate_enter(id bigint) RETURNS boolean
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_immediate_enter';

-- One AFTER trigger is done: `rows` of the source in the place `at` changed, or -1
-- for a TRUNCATE. The last one runs the program, as its owner.
CREATE FUNCTION pgtrickle._immediate_leave(id bigint, relation oid, program oid, sources integer, at integer, rows bigint)
RETURNS void LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_immediate_leave';

-- Runs the program in the mode FILL or FULL. The lock must be held.
CREATE FUNCTION pgtrickle._immediate_run(id bigint, relation oid, program oid, mode text) RETURNS bigint[]
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_immediate_run';

-- Takes the lock of a stream table. Under READ COMMITTED the next statement
-- sees what the last holder has committed.
CREATE FUNCTION pgtrickle._lock_immediate(id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_immediate_locks SET holder = pg_current_xact_id() WHERE pgt_id = id;
  IF NOT FOUND AND pgtrickle._is_restored() THEN
    RAISE EXCEPTION 'stream table % was loaded from a dump, and no daemon has adopted it yet', id
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Let a daemon serve this database, then repeat the transaction.';
  ELSIF NOT FOUND THEN
    RAISE EXCEPTION 'stream table % is newer than this transaction''s snapshot', id
      USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
  END IF;
END $$;

CREATE FUNCTION pgtrickle._before_immediate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pgtrickle._immediate_enter(TG_ARGV[0]::bigint) THEN
    PERFORM pgtrickle._lock_immediate(TG_ARGV[0]::bigint);
  END IF;
  RETURN NULL;
END $$;

-- Notes that a source has changed in a way that is not collected; whether it has
-- since this was last asked.
CREATE FUNCTION pgtrickle._immediate_mark(id bigint) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_immediate_mark';
CREATE FUNCTION pgtrickle._immediate_take_mark(id bigint) RETURNS boolean
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_immediate_take_mark';

-- The sources of a stream table's program, in its order. `staging` is null
-- where the program only asks whether anything changed.
CREATE FUNCTION pgtrickle._immediate_sources(id bigint)
RETURNS TABLE (place integer, source oid, staging text, attnums smallint[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.at::integer, (s.source ->> 'table')::oid, nullif(s.source ->> 'view', ''),
         ARRAY(SELECT a::smallint FROM jsonb_array_elements_text(s.source -> 'attnums') WITH ORDINALITY e (a, at) ORDER BY at)
  FROM pgtrickle.pgt_stream_tables t,
       jsonb_array_elements(t.program -> 'sources') WITH ORDINALITY s (source, at)
  WHERE t.pgt_id = id AND t.refresh_mode = 'IMMEDIATE'
$$;

-- Locks out whoever writes to one of `sources`, in the order that capture
-- locks them in. A partition's rows are also written by statements on its
-- parent, which fire the parent's triggers only: it can't be a source.
CREATE FUNCTION pgtrickle._lock_sources(sources oid[], owner name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  member oid;
BEGIN
  FOR member IN SELECT DISTINCT m FROM unnest(sources) AS s, pgtrickle._hierarchy_of(s) AS m ORDER BY m LOOP
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', member::regclass);
  END LOOP;
  FOREACH member IN ARRAY sources LOOP
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = member) THEN
      RAISE EXCEPTION '% is a partition or inheritance child: no IMMEDIATE stream table can read it by itself', member::regclass
        USING ERRCODE = 'feature_not_supported',
              HINT = 'Read its parent, or use refresh_mode ''AUTO''.';
    END IF;
    IF NOT has_table_privilege(owner, member, 'TRIGGER') THEN
      RAISE EXCEPTION 'permission denied for table %: an IMMEDIATE stream table runs within its writers'' statements', member::regclass
        USING ERRCODE = 'insufficient_privilege',
              HINT = format('GRANT TRIGGER ON %s TO %I, or use refresh_mode ''AUTO''.', member::regclass, owner);
    END IF;
  END LOOP;
END $$;

-- What writers are told while the program doesn't fit its sources.
CREATE FUNCTION pgtrickle._refusal_hint() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN 'Repeat the transaction in a moment: the daemon compiles the stream table anew, or gives it the status ERROR and has '
       'writers go on without it. Else drop it, or give it another query.';

-- The body of a program that can't be compiled any more: it does nothing, and
-- its writers go on without it.
CREATE FUNCTION pgtrickle._idle_program() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN ' BEGIN RETURN ''{0,0}''; END ';

CREATE FUNCTION pgtrickle._is_idle(id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_proc WHERE oid = to_regproc(format('pgtrickle_state.refresh_%s', id))
                 AND prosrc = pgtrickle._idle_program())
$$;

-- Writes the trigger function that stages the changes of one source. Columns
-- are named as they are now, and are the same in every partition and child.
CREATE FUNCTION pgtrickle._create_immediate_function(id bigint, own record) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  function_name text := format('pgtrickle_state.follow_%s_%s', id, own.source);
  columns text;  -- "c1, c2, "
  olds text;
  news text;
  fits boolean;
  body text;
BEGIN
  SELECT coalesce(string_agg(format('c%s, ', u.at), '' ORDER BY u.at), ''),
         coalesce(string_agg(format('o.%s, ', quote_ident(a.attname)), '' ORDER BY u.at), ''),
         coalesce(string_agg(format('n.%s, ', quote_ident(a.attname)), '' ORDER BY u.at), ''),
         coalesce(bool_and(a.attname IS NOT NULL AND format_type(a.atttypid, a.atttypmod) = format_type(s.atttypid, s.atttypmod)
                           AND a.attcollation = s.attcollation), true)
    INTO columns, olds, news, fits
  FROM unnest(own.attnums) WITH ORDINALITY AS u (attnum, at)
  LEFT JOIN pg_attribute a ON a.attrelid = own.source AND a.attnum = u.attnum AND NOT a.attisdropped
  LEFT JOIN pg_attribute s ON s.attrelid = to_regclass(own.staging) AND s.attname = 'c' || u.at;
  IF pgtrickle._is_idle(id) THEN
    body := 'n := 0;';
  ELSIF NOT fits THEN
    -- The program was made for other columns: better no write than wrong rows.
    body := format($body$
      RAISE EXCEPTION '%%', %L USING ERRCODE = 'object_not_in_prerequisite_state', HINT = %L;
    $body$, format('a column of %s that the IMMEDIATE stream table %s reads was changed or dropped',
                   own.source::regclass, pgtrickle._relation_name((SELECT pgt_relid FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id))),
      pgtrickle._refusal_hint());
  ELSIF own.staging IS NULL THEN
    body := $body$
      IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' THEN
        SELECT count(*) INTO n FROM __new;
      ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO n FROM __old;
      ELSE
        n := -1;
      END IF;
    $body$;
  ELSE
    body := format($body$
      IF TG_OP = 'INSERT' THEN
        INSERT INTO %1$s (%2$s__weight) SELECT %4$s1 FROM __new n;
        GET DIAGNOSTICS n = ROW_COUNT;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO %1$s (%2$s__weight) SELECT %3$s-1 FROM __old o;
        GET DIAGNOSTICS n = ROW_COUNT;
      ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO %1$s (%2$s__weight) SELECT %3$s-1 FROM __old o UNION ALL SELECT %4$s1 FROM __new n;
        GET DIAGNOSTICS n = ROW_COUNT;
      ELSE
        n := -1;
      END IF;
    $body$, own.staging, columns, olds, news);
  END IF;
  EXECUTE format($function$
    CREATE OR REPLACE FUNCTION %1$s() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    DECLARE
      n bigint;
    BEGIN
      %2$s
      PERFORM pgtrickle._immediate_leave(%3$s, %4$s, 'pgtrickle_state.refresh_%3$s'::regproc, %5$s, %6$s, n);
      RETURN NULL;
    END $body$ $function$,
    function_name, body, id, (SELECT pgt_relid FROM pgtrickle.pgt_stream_tables WHERE pgt_id = id), own.sources, own.place);
  EXECUTE format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', function_name);
  RETURN function_name;
END $$;

-- Removes triggers and functions of a stream table, but for the sources `kept`
-- and what belongs to them.
CREATE FUNCTION pgtrickle._drop_immediate(id bigint, kept oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning AS $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT t.tgname, t.tgrelid::regclass AS tgrelid FROM pg_trigger t
               WHERE t.tgname LIKE format('pgt\_immediate\_%s\_%%', lpad(id::text, 10, '0')) AND t.tgparentid = 0
               AND NOT EXISTS (SELECT FROM unnest(kept) AS k, pgtrickle._hierarchy_of(k) AS m
                               WHERE k = split_part(t.tgname, '_', 4)::oid AND m = t.tgrelid) LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', found.tgname, found.tgrelid);
  END LOOP;
  FOR found IN SELECT p.oid::regprocedure AS name FROM pg_proc p
               WHERE p.pronamespace = 'pgtrickle_state'::regnamespace
               AND p.proname LIKE format('follow\_%s\_%%', id)
               AND split_part(p.proname, '_', 3)::oid <> ALL (kept) LOOP
    EXECUTE format('DROP FUNCTION %s', found.name);
  END LOOP;
  IF kept = '{}' THEN
    DELETE FROM pgtrickle.pgt_immediate_locks WHERE pgt_id = id;
  END IF;
END $$;

-- Makes the triggers of an IMMEDIATE stream table what its program needs. Their
-- names begin with its id: stream tables of one source are locked in that order.
CREATE FUNCTION pgtrickle._install_immediate(id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning AS $$
DECLARE
  own record;
  member oid;
  event record;
  function_name text;
  trigger_name text;
BEGIN
  PERFORM pgtrickle._drop_immediate(id, ARRAY(SELECT source FROM pgtrickle._immediate_sources(id)));
  INSERT INTO pgtrickle.pgt_immediate_locks VALUES (id, pg_current_xact_id()) ON CONFLICT DO NOTHING;
  FOR own IN SELECT *, count(*) OVER () AS sources FROM pgtrickle._immediate_sources(id) LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_class WHERE oid = own.source);
    function_name := pgtrickle._create_immediate_function(id, own);
    FOR member IN SELECT m FROM pgtrickle._hierarchy_of(own.source) AS m ORDER BY m LOOP
      FOR event IN
        SELECT * FROM (VALUES
          ('before', 'BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE', ''),
          ('insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS __new'),
          ('update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS __old NEW TABLE AS __new'),
          ('delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS __old'),
          ('truncate', 'AFTER TRUNCATE', '')) AS e (name, event, tables)
      LOOP
        trigger_name := format('pgt_immediate_%s_%s_%s', lpad(id::text, 10, '0'), own.source, event.name);
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = member AND tgname = trigger_name);
        EXECUTE format('CREATE TRIGGER %I %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s',
          trigger_name, event.event, member::regclass, event.tables,
          CASE event.name WHEN 'before' THEN format('pgtrickle._before_immediate(%s)', id) ELSE function_name || '()' END);
      END LOOP;
      PERFORM pgtrickle._create_replica_triggers(id, own.source, member);
    END LOOP;
    PERFORM pgtrickle._keep_capturing(own.source);
  END LOOP;
END $$;

CREATE FUNCTION pgtrickle._set_immediate_program(id bigint, body text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION pgtrickle_state.refresh_%s(mode text, later xid8, open xid8[], own xid8,
                  places tid[], changes bigint[], direct text[]) RETURNS bigint[] LANGUAGE plpgsql AS %L', id, body);
END $$;

-- Until the daemon has looked whether the program can be compiled anew.
CREATE FUNCTION pgtrickle._refuse_writers(id bigint, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pgtrickle._set_immediate_program(id, format(
      ' BEGIN RAISE EXCEPTION USING ERRCODE = ''object_not_in_prerequisite_state'', MESSAGE = %L, HINT = %L; END ',
      format('the IMMEDIATE stream table %s can''t follow: %s', pgtrickle._relation_name(pgt_relid), why),
      pgtrickle._refusal_hint()))
  FROM pgtrickle.pgt_stream_tables
  WHERE pgt_id = id AND refresh_mode = 'IMMEDIATE' AND NOT pgtrickle._is_idle(id);
END $$;

-- Writers to the sources of an IMMEDIATE stream table in ERROR go on without it. It
-- is compiled and filled anew before it follows them again.
CREATE FUNCTION pgtrickle._release_writers(id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgtrickle.pgt_stream_tables SET data_timestamp = CASE WHEN needs_reinit THEN data_timestamp ELSE clock_timestamp() END,
    needs_reinit = true, reinit_reason = coalesce(reinit_reason, 'its writers went on without it')
  WHERE pgt_id = id AND refresh_mode = 'IMMEDIATE';
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM pgtrickle._set_immediate_program(id, pgtrickle._idle_program());
  PERFORM pgtrickle._install_immediate(id);
END $$;

-- Takes the lock and recomputes the stream table, by difference unless it is
-- empty (FILL). Returns rows inserted and rows deleted.
CREATE FUNCTION pgtrickle._recompute_immediate(id bigint, mode text) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pgtrickle._lock_immediate(id);
  RETURN pgtrickle._immediate_run(id, t.pgt_relid, to_regproc(format('pgtrickle_state.refresh_%s', id)), mode)
  FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = id;
END $$;
