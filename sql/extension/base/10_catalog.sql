-- What pgtrickle knows: stream tables, what they read, what was done to them.
-- Everything a daemon needs to go on after another one stands here.

CREATE SCHEMA pgtrickle_changes;
CREATE SCHEMA pgtrickle_state;
REVOKE ALL ON SCHEMA pgtrickle_changes FROM PUBLIC;
REVOKE ALL ON SCHEMA pgtrickle_state FROM PUBLIC;
GRANT USAGE ON SCHEMA pgtrickle TO PUBLIC;

-- The identity of this catalog, which a dump does not take along and a physical
-- copy does.
CREATE FUNCTION pgtrickle._home() RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT home FROM pgtrickle.pgt_owner);
END $$;

CREATE TABLE pgtrickle.pgt_stream_tables (
  pgt_id                 bigserial PRIMARY KEY,
  pgt_relid              oid NOT NULL UNIQUE,
  pgt_name               text NOT NULL,
  pgt_schema             text NOT NULL,
  -- the query as the user gave it, with the search_path it was read under
  original_query         text NOT NULL,
  original_search_path   text NOT NULL,
  -- the same in PostgreSQL's canonical form: every name qualified
  defining_query         text NOT NULL,
  schedule               text,          -- null: calculated
  -- the target lag; null: none
  freshness_deadline_ms  bigint CHECK (freshness_deadline_ms > 0),
  refresh_mode           text NOT NULL CHECK (refresh_mode IN ('AUTO', 'DIFFERENTIAL', 'FULL', 'IMMEDIATE')),
  -- what AUTO came to at the last refresh, and why it was FULL
  effective_refresh_mode text,
  mode_reason            text,
  status                 text NOT NULL DEFAULT 'INITIALIZING'
                         CHECK (status IN ('INITIALIZING', 'ACTIVE', 'SUSPENDED', 'ERROR')),
  is_populated           boolean NOT NULL DEFAULT false,
  -- true: contents depend on the time of day too, so no change of a source announces them
  time_dependent         boolean NOT NULL DEFAULT false,
  data_timestamp         timestamptz,
  frontier               jsonb,
  last_refresh_at        timestamptz,
  last_full_ms           double precision,
  last_diff_ms           double precision,
  -- what the last refresh and those before it that were done the same way took
  mode_spent_ms          double precision NOT NULL DEFAULT 0,
  consecutive_errors     integer NOT NULL DEFAULT 0,
  last_error_message     text,
  last_error_at          timestamptz,
  needs_reinit           boolean NOT NULL DEFAULT false,
  reinit_reason          text,
  -- only names have changed: the program is compiled again and the rows stay
  needs_recompile        boolean NOT NULL DEFAULT false,
  -- rises with each DDL that concerns it, and each restore: a refresh that began before is void
  ddl_serial             bigint NOT NULL DEFAULT 0,
  -- the compiled refresh program; its version is that of the compiler
  program                jsonb,
  -- rises with each new program
  definition_version     bigint NOT NULL DEFAULT 1,
  -- the operators that the program keeps, sources by oid: equal shape, equal arrangements
  plan_shape             text,
  -- the table's columns and owner that the program was compiled for
  table_columns          jsonb,
  table_owner            oid,
  created_at             timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  -- another one than this catalog's: loaded from a dump, its oids are to be found anew
  origin                 uuid NOT NULL DEFAULT pgtrickle._home(),
  UNIQUE (pgt_schema, pgt_name)
) WITH (fillfactor = 70);
CREATE INDEX ON pgtrickle.pgt_stream_tables (origin);

CREATE TABLE pgtrickle.pgt_dependencies (
  pgt_id         bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  source_relid   oid NOT NULL,
  source_type    text NOT NULL CHECK (source_type IN ('TABLE', 'STREAM_TABLE', 'VIEW')),
  -- attribute numbers that the change buffer holds for it
  -- attribute numbers; 0: a change of any column matters
  columns_used   smallint[] NOT NULL,
  PRIMARY KEY (pgt_id, source_relid)
);
CREATE INDEX ON pgtrickle.pgt_dependencies (source_relid);

CREATE TABLE pgtrickle.pgt_refresh_history (
  refresh_id      bigserial PRIMARY KEY,
  pgt_id          bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
  -- wall clock, by clock_timestamp()
  start_time      timestamptz NOT NULL,
  end_time        timestamptz,
  data_timestamp  timestamptz,
  -- the snapshot that its rows were computed at
  reached         pg_snapshot,
  action          text CHECK (action IN ('NO_DATA', 'DIFFERENTIAL', 'FULL', 'REINITIALIZE', 'SKIP')),
  -- why this action
  reason          text,
  status          text NOT NULL CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED')),
  initiated_by    text NOT NULL CHECK (initiated_by IN ('SCHEDULER', 'MANUAL', 'INITIAL')),
  -- changed source rows consumed; rows added to and removed from the stream table
  delta_row_count bigint NOT NULL DEFAULT 0,
  rows_inserted   bigint NOT NULL DEFAULT 0,
  rows_deleted    bigint NOT NULL DEFAULT 0,
  error_message   text,
  error_sqlstate  text
);
CREATE INDEX ON pgtrickle.pgt_refresh_history (pgt_id, start_time);
CREATE INDEX ON pgtrickle.pgt_refresh_history (refresh_id) WHERE status = 'RUNNING';
-- What AUTO learns from, however long ago it was.
CREATE INDEX ON pgtrickle.pgt_refresh_history (pgt_id, start_time) WHERE action = 'DIFFERENTIAL';
CREATE INDEX ON pgtrickle.pgt_refresh_history (pgt_id, start_time) WHERE action IN ('FULL', 'REINITIALIZE');

-- Which daemon owns this database. Every transaction of a daemon that writes
-- reads the row FOR SHARE and gives up when the epoch is no longer its own.
CREATE TABLE pgtrickle.pgt_owner (
  only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  node        text,
  epoch       bigint NOT NULL DEFAULT 0,
  acquired_at timestamptz,
  -- the catalog's identity, and the database that it was made for
  home        uuid NOT NULL DEFAULT gen_random_uuid(),
  database    oid
);
INSERT INTO pgtrickle.pgt_owner DEFAULT VALUES;

-- Alerts are written with what caused them and published afterwards.
CREATE TABLE pgtrickle.pgt_alerts (
  alert_id     bigserial PRIMARY KEY,
  event        text NOT NULL,
  pgt_id       bigint,
  payload      jsonb NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  published_at timestamptz
);
CREATE INDEX ON pgtrickle.pgt_alerts (alert_id) WHERE published_at IS NULL;

-- Definition calls made inside a transaction block: they come true at its COMMIT.
CREATE TABLE pgtrickle.pending_calls (
  call_id       bigserial PRIMARY KEY,
  method        text NOT NULL,
  arguments     jsonb NOT NULL,
  role          text NOT NULL,
  search_path   text NOT NULL,
  requested_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- null until carried out; a failure stays, with its error, until it is seen to
  failed_at     timestamptz,
  error_message text,
  error_sqlstate text
);

-- The key that proves a call came through this extension.
CREATE TABLE pgtrickle.pgt_secret (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  secret   bytea NOT NULL
);
-- 244 bits from the server's strong random source
INSERT INTO pgtrickle.pgt_secret (secret)
  VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- Which sources were written to, by which transaction, and where the rows lie:
-- one row for a statement, in two parts as a change buffer has them. The library
-- writes it and knows its columns by position.
CREATE TABLE pgtrickle_changes.touched (
  xid         xid8 NOT NULL,
  source      oid NOT NULL,
  -- of the change buffer
  part        smallint NOT NULL,
  truncated   boolean NOT NULL,
  rows        bigint NOT NULL,
  first_block bigint NOT NULL,
  last_block  bigint NOT NULL,
  CONSTRAINT parts_hold_the_rows CHECK (false) NO INHERIT
);
CREATE TABLE pgtrickle_changes.touched_0 () INHERITS (pgtrickle_changes.touched)
  WITH (autovacuum_enabled = off);
CREATE TABLE pgtrickle_changes.touched_1 () INHERITS (pgtrickle_changes.touched)
  WITH (autovacuum_enabled = off);
CREATE INDEX touched_0_xid ON pgtrickle_changes.touched_0 (xid);
CREATE INDEX touched_1_xid ON pgtrickle_changes.touched_1 (xid);

GRANT SELECT ON pgtrickle.pgt_stream_tables, pgtrickle.pgt_dependencies,
                pgtrickle.pgt_refresh_history, pgtrickle.pgt_owner TO PUBLIC;
