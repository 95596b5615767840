\echo Use "CREATE EXTENSION pg_trickle" to load this file. \quit

-- A schema that somebody else made could hold traps for whoever calls into it.
DO $$
BEGIN
  IF (SELECT nspowner FROM pg_namespace WHERE nspname = 'pgtrickle')
     <> (SELECT oid FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'schema pgtrickle belongs to another role'
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Drop the schema, then create the extension again.';
  END IF;
END $$;
