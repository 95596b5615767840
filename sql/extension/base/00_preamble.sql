\echo Use "CREATE EXTENSION pg_trickle" to load this file. \quit

-- A schema that somebody else made could hold traps for whoever calls into it.
DO $$
BEGIN
  -- pg_restore makes it as that of whoever owned it before.
  IF EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
             WHERE n.nspname = 'pgtrickle' AND r.rolname <> current_user AND NOT r.rolsuper) THEN
    RAISE EXCEPTION 'schema pgtrickle belongs to another role'
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Drop the schema, then create the extension again.';
  END IF;
END $$;
