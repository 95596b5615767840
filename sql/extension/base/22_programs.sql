-- What refresh programs are made of. Each function runs the statement that it is
-- given with the rights of its caller, who could as well run it himself; within a
-- program's statement none of them has an effect on that program.
--
-- Rows are staged in memory, under a name that only later statements of the same
-- program see. A statement that is kept is planned once a session for tables of
-- about the same size.

CREATE FUNCTION pgtrickle._begin_program() RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'pgtrickle_begin_program';

CREATE FUNCTION pgtrickle._end_program() RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'pgtrickle_end_program';

-- Stages the rows of a SELECT. Returns their number.
CREATE FUNCTION pgtrickle._stage(name text, statement text, kept boolean) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_stage';

-- Stages the rows of a SELECT from a change buffer, in which $1 to $4 stand for
-- the arguments from `later` on (see the program's `refresh`). Its plan is kept unless
-- `later` is null: then nothing stands for them.
CREATE FUNCTION pgtrickle._stage_window(name text, statement text, later xid8, open xid8[], own xid8, places tid[])
RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'pgtrickle_stage_window';

-- Returns the number of rows that the statement changed.
CREATE FUNCTION pgtrickle._run(statement text, kept boolean) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_run';

-- Returns what a SELECT of one bigint gives; 0 for null.
CREATE FUNCTION pgtrickle._number(statement text, kept boolean) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_number';

-- The sum of the weights of staged rows, of those that came or those that went.
CREATE FUNCTION pgtrickle._weight(name text, came boolean) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_weight';

-- What PostgreSQL expects a statement to cost.
CREATE FUNCTION pgtrickle._cost(statement text, kept boolean) RETURNS double precision
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'pgtrickle_cost';

-- Fires what is deferred, in the caller's rights, and refuses what that would
-- defer: it would run at the COMMIT, with the rights of whoever commits.
CREATE FUNCTION pgtrickle._settle() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'pgtrickle_settle';
