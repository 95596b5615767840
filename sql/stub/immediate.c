// IMMEDIATE stream tables in the writer's transaction: when the changes of a
// statement are complete, and how the owner's program is run on them.

#include "postgres.h"
#include "sql/stub/settings.h"
#include "sql/stub/statement_changes.h"

#include <access/htup_details.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_type.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
#include <utils/xid8.h>

#include <fmgr.h>
#include <miscadmin.h>

PG_FUNCTION_INFO_V1(pgtrickle_immediate_enter);
PG_FUNCTION_INFO_V1(pgtrickle_immediate_leave);
PG_FUNCTION_INFO_V1(pgtrickle_immediate_mark);
PG_FUNCTION_INFO_V1(pgtrickle_immediate_run);
PG_FUNCTION_INFO_V1(pgtrickle_immediate_take_mark);
PG_FUNCTION_INFO_V1(pgtrickle_may_write);

// A program at work; downstream ones run inside it.
typedef struct running_program {
  int64 stream_table;
  Oid relation;
  char* name;
  const struct running_program* outer;
} running_program;

static const running_program* running = NULL;

static void name_program(void* program) {
  errcontext("keeping the IMMEDIATE stream table \"%s\"",
             ((const running_program*)program)->name);
}

static Oid owner_of(Oid function) {
  Oid owner;
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple))
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
            errmsg("refresh function %u does not exist", function));
  owner = ((Form_pg_proc)GETSTRUCT(tuple))->proowner;
  ReleaseSysCache(tuple);
  return owner;
}

// Whoever owns the stream table may have any code in its query. The writer did
// not ask for it: it gets its owner's rights, can't leave triggers behind for
// the COMMIT, and what it sets is undone.
static Datum run_as_owner(Oid function, Datum mode, Datum changes) {
  const Datum none = FullTransactionIdGetDatum(InvalidFullTransactionId);
  Oid user;
  int context;
  int level;
  Datum result;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(owner_of(function), context
                                               | SECURITY_LOCAL_USERID_CHANGE
                                               | SECURITY_RESTRICTED_OPERATION);
  level = NewGUCNestLevel();
  result = OidFunctionCall7(
    function, mode, none, PointerGetDatum(construct_empty_array(XID8OID)), none,
    PointerGetDatum(construct_empty_array(TIDOID)), changes,
    PointerGetDatum(construct_empty_array(TEXTOID)));
  AtEOXact_GUC(false, level);
  SetUserIdAndSecContext(user, context);
  return result;
}

static Datum run_program(int64 stream_table, Oid relation, Oid function,
                         Datum mode, Datum changes) {
  running_program program = {stream_table, relation, NULL, running};
  ErrorContextCallback callback = {error_context_stack, name_program, &program};
  volatile Datum result = (Datum)0;
  program.name = get_rel_name(relation);
  if (program.name == NULL)
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
            errmsg("stream table %u does not exist", relation));
  running = &program;
  error_context_stack = &callback;
  PG_TRY();
  { result = run_as_owner(function, mode, changes); }
  PG_FINALLY();
  { running = program.outer; }
  PG_END_TRY();
  error_context_stack = callback.previous;
  return result;
}

// A trigger or function of the owner's that writes to what the program reads
// would change it under its hands.
static void check_is_not_running(int64 stream_table) {
  const running_program* program;
  for (program = running; program != NULL; program = program->outer)
    if (program->stream_table == stream_table)
      ereport(ERROR, errcode(ERRCODE_OBJECT_IN_USE),
              errmsg("stream table \"%s\" is being changed by a statement that "
                     "writes to its sources",
                     program->name),
              errhint("Take out the trigger or function that writes to a "
                      "source from within the stream table."));
}

Datum pgtrickle_immediate_enter(PG_FUNCTION_ARGS) {
  const int64 stream_table = PG_GETARG_INT64(0);
  check_is_not_running(stream_table);
  PG_RETURN_BOOL(enter_statement(stream_table));
}

static Datum array_of(const statement_changes* changes) {
  Datum* values = palloc(sizeof(Datum) * (Size)changes->sources);
  int i;
  for (i = 0; i < changes->sources; ++i)
    values[i] = Int64GetDatum(changes->rows[i]);
  return PointerGetDatum(construct_array(values, changes->sources, INT8OID,
                                         sizeof(int64), FLOAT8PASSBYVAL,
                                         TYPALIGN_DOUBLE));
}

Datum pgtrickle_immediate_leave(PG_FUNCTION_ARGS) {
  const int64 stream_table = PG_GETARG_INT64(0);
  statement_changes complete;
  if (leave_statement(stream_table, PG_GETARG_INT32(3), PG_GETARG_INT32(4),
                      PG_GETARG_INT64(5), &complete))
    (void)run_program(
      stream_table, PG_GETARG_OID(1), PG_GETARG_OID(2),
      CStringGetTextDatum(complete.truncated ? "FULL" : "DIFFERENTIAL"),
      array_of(&complete));
  PG_RETURN_VOID();
}

Datum pgtrickle_immediate_mark(PG_FUNCTION_ARGS) {
  mark_behind(PG_GETARG_INT64(0));
  PG_RETURN_VOID();
}

Datum pgtrickle_immediate_take_mark(PG_FUNCTION_ARGS) {
  PG_RETURN_BOOL(take_behind(PG_GETARG_INT64(0)));
}

Datum pgtrickle_immediate_run(PG_FUNCTION_ARGS) {
  return run_program(PG_GETARG_INT64(0), PG_GETARG_OID(1), PG_GETARG_OID(2),
                     PG_GETARG_DATUM(3),
                     PointerGetDatum(construct_empty_array(INT8OID)));
}

Datum pgtrickle_may_write(PG_FUNCTION_ARGS) {
  PG_RETURN_BOOL(setting_internal_refresh
                 || (running != NULL && running->relation == PG_GETARG_OID(0)));
}
