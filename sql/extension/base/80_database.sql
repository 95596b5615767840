-- What the extension leaves on the database itself.

-- How the daemon finds this database, from whichever one it is connected to.
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_db_role_setting s
    JOIN pg_database d ON d.oid = s.setdatabase,
    unnest(s.setconfig) AS setting
    WHERE d.datname = current_database() AND s.setrole = 0
      AND starts_with(setting, 'pg_trickle.enabled=')) THEN
    EXECUTE format('ALTER DATABASE %I SET pg_trickle.enabled = on',
                   current_database());
  END IF;
END $$;

-- pg_dump takes these along; the secret and the owner are made anew. What is
-- captured lies in tables that pg_dump takes for the user's own; but for
-- truncations, their announcements are made from the rows again.
SELECT pg_extension_config_dump('pgtrickle.pgt_stream_tables', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_stream_tables_pgt_id_seq', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_dependencies', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_refresh_history', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_refresh_history_refresh_id_seq', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_emptyings', '');
SELECT pg_extension_config_dump('pgtrickle.pgt_emptyings_seq', '');
SELECT pg_extension_config_dump('pgtrickle_changes.touched_0', 'WHERE truncated');
SELECT pg_extension_config_dump('pgtrickle_changes.touched_1', 'WHERE truncated');
