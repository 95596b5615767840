-- What is written in C.

-- Relays a call to the daemon, in the name of the current role. Decides what a
-- call may do inside a transaction block; null: recorded, carried out at COMMIT.
CREATE FUNCTION pgtrickle._relay(method text, arguments jsonb) RETURNS jsonb
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'pgtrickle_relay';

CREATE FUNCTION pgtrickle.version() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pgtrickle_version';

-- Whether the daemon is at work. Guards ask this rather than current_setting,
-- which believes anybody as long as the library is not loaded.
CREATE FUNCTION pgtrickle._internal_refresh() RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'pgtrickle_internal_refresh';

-- Whether it is the daemon, or the program of this IMMEDIATE stream table, that
-- writes now.
CREATE FUNCTION pgtrickle._may_write(relation oid) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_may_write';

-- Everybody sees the calls of the roles that he is a member of.
ALTER TABLE pgtrickle.pending_calls ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_calls ON pgtrickle.pending_calls FOR SELECT
  USING (EXISTS (SELECT FROM pg_roles r
                 WHERE r.rolname = role AND pg_has_role(r.oid, 'MEMBER')));
GRANT SELECT ON pgtrickle.pending_calls TO PUBLIC;
