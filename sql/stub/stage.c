#include "sql/stub/stage.h"

#include "sql/stub/kept_plans.h"
#include "sql/stub/program_stack.h"
#include "sql/stub/program_trace.h"

#include <access/tupdesc.h>
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <executor/executor.h>
#include <executor/tstoreReceiver.h>
#include <portability/instr_time.h>
#include <utils/memutils.h>
#include <utils/resowner.h>
#include <utils/snapmgr.h>
#include <utils/tuplestore.h>

#include <miscadmin.h>

// -- statements ---------------------------------------------------------------

static EphemeralNamedRelation find_staged(const program* own,
                                          const char* name) {
  ListCell* cell;
  foreach (cell, own->relations) {
    EphemeralNamedRelation relation = lfirst(cell);
    if (strcmp(relation->md.name, name) == 0)
      return relation;
  }
  return NULL;
}

static QueryEnvironment* environment_of(const program* own) {
  QueryEnvironment* environment = create_queryEnv();
  ListCell* cell;
  foreach (cell, own->relations)
    register_ENR(environment, lfirst(cell));
  return environment;
}

// A statement of a program, in its own memory until it is done.
typedef struct execution {
  program* own;
  MemoryContext memory;
  MemoryContext caller;
  const program_statement* statement;
  plan_request request;
  // Null if the plan is for this time only.
  kept_plan* kept;
  PlannedStmt* plan;
  instr_time began;
} execution;

static execution begin_execution(const program_statement* statement) {
  execution run;
  memset(&run, 0, sizeof(run));
  run.own = enter_statement_of_program();
  INSTR_TIME_SET_CURRENT(run.began);
  run.memory = AllocSetContextCreate(
    CurrentMemoryContext, "pg_trickle statement", ALLOCSET_DEFAULT_SIZES);
  run.caller = MemoryContextSwitchTo(run.memory);
  run.statement = statement;
  run.request.text = statement->text;
  run.request.nargs = statement->nargs;
  run.request.types = statement->types;
  run.request.environment = environment_of(run.own);
  if (statement->keep)
    run.kept = take_plan(&run.request);
  run.plan = run.kept != NULL ? (PlannedStmt*)planned(run.kept)
                              : plan_once(&run.request);
  return run;
}

// What the statement's own functions began and left is dropped.
static void end_execution(execution* run) {
  leave_statement_of(run->own);
  MemoryContextSwitchTo(run->caller);
  MemoryContextDelete(run->memory);
}

// Planning is part of what a statement takes.
static void trace(const execution* run, const char* staged, uint64 rows) {
  instr_time taken;
  if (run->own->outer != NULL)
    return;
  INSTR_TIME_SET_CURRENT(taken);
  INSTR_TIME_SUBTRACT(taken, run->began);
  trace_statement(run->plan, staged, INSTR_TIME_GET_MICROSEC(taken), rows);
}

static ParamListInfo parameters(const program_statement* statement) {
  ParamListInfo list;
  int i;
  if (statement->nargs == 0)
    return NULL;
  list = makeParamList(statement->nargs);
  for (i = 0; i < statement->nargs; ++i) {
    ParamExternData* parameter = &list->params[i];
    parameter->value = statement->values[i];
    parameter->isnull = statement->nulls[i] == 'n';
    parameter->pflags = PARAM_FLAG_CONST;
    parameter->ptype = statement->types[i];
  }
  return list;
}

static uint64 execute_plan(const execution* run, DestReceiver* to) {
  QueryDesc* query;
  uint64 rows;
  CommandCounterIncrement();
  PushActiveSnapshot(GetTransactionSnapshot());
  query = CreateQueryDesc(run->plan, run->request.text, GetActiveSnapshot(),
                          InvalidSnapshot, to, parameters(run->statement),
                          run->request.environment, 0);
  ExecutorStart(query, 0);
  ExecutorRun(query, ForwardScanDirection, 0, true);
  rows = query->estate->es_processed;
  ExecutorFinish(query);
  ExecutorEnd(query);
  FreeQueryDesc(query);
  PopActiveSnapshot();
  CommandCounterIncrement();
  return rows;
}

static uint64 execute(const execution* run, DestReceiver* to) {
  volatile uint64 rows = 0;
  if (run->kept != NULL)
    begin_use(run->kept);
  PG_TRY();
  { rows = execute_plan(run, to); }
  PG_FINALLY();
  {
    if (run->kept != NULL)
      end_use(run->kept);
  }
  PG_END_TRY();
  return rows;
}

int64 run_statement(const program_statement* statement) {
  execution run = begin_execution(statement);
  const uint64 rows = execute(&run, None_Receiver);
  trace(&run, NULL, rows);
  end_execution(&run);
  return (int64)rows;
}

// -- a number -----------------------------------------------------------------

typedef struct number_receiver {
  DestReceiver base;
  int64 number;
} number_receiver;

static bool receive_number(TupleTableSlot* row, DestReceiver* to) {
  bool null;
  const Datum value = slot_getattr(row, 1, &null);
  ((number_receiver*)to)->number = null ? 0 : DatumGetInt64(value);
  return true;
}

static void start_number(DestReceiver* to, int operation, TupleDesc columns) {
  (void)to;
  (void)operation;
  if (columns->natts != 1 || TupleDescAttr(columns, 0)->atttypid != INT8OID)
    ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
            errmsg("the statement gives something else than one bigint"));
}

static void ignore(DestReceiver* to) { (void)to; }

int64 select_number(const program_statement* statement) {
  number_receiver receiver = {.base = {.receiveSlot = receive_number,
                                       .rStartup = start_number,
                                       .rShutdown = ignore,
                                       .rDestroy = ignore,
                                       .mydest = DestNone}};
  execution run = begin_execution(statement);
  const uint64 rows = execute(&run, &receiver.base);
  trace(&run, NULL, rows);
  end_execution(&run);
  return receiver.number;
}

static EphemeralNamedRelation find_weighed(const program* own,
                                           const char* name) {
  const EphemeralNamedRelation staged = find_staged(own, name);
  const int columns = staged == NULL ? 0 : staged->md.tupdesc->natts;
  if (columns == 0
      || TupleDescAttr(staged->md.tupdesc, columns - 1)->atttypid != INT8OID)
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
            errmsg("no rows with weights are staged as %s", name));
  return staged;
}

int64 staged_weight(const char* name, bool came) {
  program* own = enter_statement_of_program();
  const EphemeralNamedRelation staged = find_weighed(own, name);
  const TupleDesc columns = staged->md.tupdesc;
  TupleTableSlot* row = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
  int64 sum = 0;
  tuplestore_select_read_pointer(
    staged->reldata,
    tuplestore_alloc_read_pointer(staged->reldata, EXEC_FLAG_REWIND));
  tuplestore_rescan(staged->reldata);
  while (tuplestore_gettupleslot(staged->reldata, true, false, row)) {
    bool null;
    const int64 weight
      = DatumGetInt64(slot_getattr(row, columns->natts, &null));
    if (!null && (weight > 0) == came)
      sum += weight;
  }
  ExecDropSingleTupleTableSlot(row);
  leave_statement_of(own);
  return sum;
}

double statement_cost(const program_statement* statement) {
  execution run = begin_execution(statement);
  const double cost = run.plan->planTree->total_cost;
  end_execution(&run);
  return cost;
}

// -- staging ------------------------------------------------------------------

static EphemeralNamedRelation new_relation(program* own, const char* name,
                                           const PlannedStmt* plan) {
  MemoryContext caller = MemoryContextSwitchTo(own->memory);
  EphemeralNamedRelation relation = palloc0(sizeof(*relation));
  ResourceOwner owner = CurrentResourceOwner;
  relation->md.name = pstrdup(name);
  relation->md.tupdesc = ExecCleanTypeFromTL(plan->planTree->targetlist);
  relation->md.enrtype = ENR_NAMED_TUPLESTORE;
  CurrentResourceOwner = CurTransactionResourceOwner;
  relation->reldata = tuplestore_begin_heap(false, false, work_mem);
  CurrentResourceOwner = owner;
  MemoryContextSwitchTo(caller);
  return relation;
}

static void replace_staged(program* own, EphemeralNamedRelation relation) {
  EphemeralNamedRelation former = find_staged(own, relation->md.name);
  MemoryContext caller = MemoryContextSwitchTo(own->memory);
  if (former != NULL) {
    own->relations = list_delete_ptr(own->relations, former);
    tuplestore_end(former->reldata);
  }
  own->relations = lappend(own->relations, relation);
  MemoryContextSwitchTo(caller);
}

int64 stage_rows(const char* name, const program_statement* statement) {
  DestReceiver* receiver = CreateDestReceiver(DestTuplestore);
  execution run = begin_execution(statement);
  EphemeralNamedRelation relation;
  if (run.plan->commandType != CMD_SELECT)
    ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
            errmsg("only the rows of a SELECT can be staged"));
  relation = new_relation(run.own, name, run.plan);
  SetTuplestoreDestReceiverParams(receiver, relation->reldata, run.own->memory,
                                  false, NULL, NULL);
  relation->md.enrtuples = (double)execute(&run, receiver);
  receiver->rDestroy(receiver);
  trace(&run, name, (uint64)relation->md.enrtuples);
  replace_staged(run.own, relation);
  end_execution(&run);
  return (int64)relation->md.enrtuples;
}
