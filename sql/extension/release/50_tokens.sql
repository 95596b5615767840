-- Tokens, with which programs call over NATS.

-- Tokens that were issued for `role` (0: for any) up to `revoked_at` are worth
-- nothing.
CREATE TABLE pgtrickle.pgt_token_revocations (
  role       oid PRIMARY KEY,
  revoked_at timestamptz NOT NULL
);
REVOKE ALL ON pgtrickle.pgt_token_revocations FROM PUBLIC;

-- A token for a role that the caller is a member of. Whoever has it makes calls as
-- that role until `ttl` is over, for as long as the caller stays a member.
CREATE FUNCTION pgtrickle.issue_token(role text, ttl interval DEFAULT '1 hour')
RETURNS text LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'pgtrickle_issue_token';

-- Makes the tokens worthless that were issued so far, for one role or for all.
CREATE FUNCTION pgtrickle.revoke_tokens(role text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO pgtrickle.pgt_token_revocations AS r (role, revoked_at)
    VALUES (CASE WHEN revoke_tokens.role IS NULL THEN 0 ELSE quote_ident(revoke_tokens.role)::regrole END,
            clock_timestamp())
    ON CONFLICT ON CONSTRAINT pgt_token_revocations_pkey DO UPDATE SET revoked_at = excluded.revoked_at;
END $$;

REVOKE ALL ON FUNCTION pgtrickle.issue_token, pgtrickle.revoke_tokens FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtrickle.issue_token TO PUBLIC;
