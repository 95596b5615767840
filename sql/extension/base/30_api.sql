-- What is asked of the daemon. Bodies are parsed here and now, so that a
-- caller's search_path has no influence on them.

CREATE FUNCTION pgtrickle.create_stream_table(
  name text, query text, schedule text DEFAULT '1m',
  refresh_mode text DEFAULT 'AUTO', initialize boolean DEFAULT true)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('create_stream_table', jsonb_build_object(
    'name', name, 'query', query, 'schedule', schedule,
    'refresh_mode', refresh_mode, 'initialize', initialize));
END;

CREATE FUNCTION pgtrickle.create_stream_table_if_not_exists(
  name text, query text, schedule text DEFAULT '1m',
  refresh_mode text DEFAULT 'AUTO', initialize boolean DEFAULT true)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('create_stream_table_if_not_exists',
    jsonb_build_object(
      'name', name, 'query', query, 'schedule', schedule,
      'refresh_mode', refresh_mode, 'initialize', initialize));
END;

-- A null leaves the property as it is.
CREATE FUNCTION pgtrickle.alter_stream_table(
  name text, query text DEFAULT NULL, schedule text DEFAULT NULL,
  refresh_mode text DEFAULT NULL, status text DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('alter_stream_table', jsonb_build_object(
    'name', name, 'query', query, 'schedule', schedule,
    'refresh_mode', refresh_mode, 'status', status));
END;

-- How old the rows may be at worst, measured from the tables at the root; a null
-- takes the target away.
CREATE FUNCTION pgtrickle.set_stream_table_sla(name text, sla interval)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('set_stream_table_sla', jsonb_build_object(
    'name', name, 'sla_ms', ceil(extract(epoch FROM sla) * 1000)::bigint));
END;

CREATE FUNCTION pgtrickle.drop_stream_table(
  name text, cascade boolean DEFAULT false)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('drop_stream_table',
    jsonb_build_object('name', name, 'cascade', cascade));
END;

CREATE FUNCTION pgtrickle.refresh_stream_table(name text)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('refresh_stream_table',
    jsonb_build_object('name', name));
END;

CREATE FUNCTION pgtrickle.resume_stream_table(name text)
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('resume_stream_table',
    jsonb_build_object('name', name));
END;

CREATE FUNCTION pgtrickle.validate_query(query text)
RETURNS TABLE (check_name text, result text, severity text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT r.check_name, r.result, r.severity
  FROM jsonb_to_recordset(pgtrickle._relay('validate_query',
         jsonb_build_object('query', query)))
       AS r (check_name text, result text, severity text);
END;

CREATE FUNCTION pgtrickle.explain_st(name text)
RETURNS TABLE (property text, value text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT r.property, r.value
  FROM jsonb_to_recordset(pgtrickle._relay('explain_st',
         jsonb_build_object('name', name)))
       AS r (property text, value text);
END;

-- Goes to the daemon and back, to see whether it answers and how fast.
CREATE FUNCTION pgtrickle.ping()
RETURNS void LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT pgtrickle._relay('ping', '{}');
END;
