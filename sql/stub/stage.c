#include "sql/stub/stage.h"

#include <access/tupdesc.h>
#include <access/xact.h>
#include <executor/spi_priv.h>
#include <executor/tstoreReceiver.h>
#include <nodes/plannodes.h>
#include <utils/memutils.h>
#include <utils/plancache.h>
#include <utils/resowner.h>
#include <utils/tuplestore.h>

#include <miscadmin.h>

// A program at work, and what it has staged, in its own memory.
typedef struct program {
  // The subtransaction that it runs in.
  SubTransactionId level;
  MemoryContext memory;
  List* relations;
  // Statements that read what is staged.
  int running;
  struct program* outer;
} program;

static program* current = NULL;

// -- programs -----------------------------------------------------------------

static void drop_staged(EphemeralNamedRelation relation) {
  tuplestore_end(relation->reldata);
}

// `whole`: an aborted transaction has closed the files by itself.
static void drop_innermost(bool whole) {
  program* ended = current;
  ListCell* cell;
  current = ended->outer;
  if (whole)
    foreach (cell, ended->relations)
      drop_staged(lfirst(cell));
  MemoryContextDelete(ended->memory);
}

static void end_transaction(XactEvent event, void* unused) {
  (void)unused;
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
    while (current != NULL)
      drop_innermost(true);
  else if (event == XACT_EVENT_ABORT)
    current = NULL;
}

// No program outlives the subtransaction that it began in.
static void end_subtransaction(SubXactEvent event, SubTransactionId level,
                               SubTransactionId parent, void* unused) {
  (void)parent;
  (void)unused;
  if (event == SUBXACT_EVENT_COMMIT_SUB || event == SUBXACT_EVENT_ABORT_SUB)
    while (current != NULL && current->level >= level)
      drop_innermost(event == SUBXACT_EVENT_COMMIT_SUB);
}

static void watch_transactions(void) {
  static bool watching = false;
  if (watching)
    return;
  RegisterXactCallback(end_transaction, NULL);
  RegisterSubXactCallback(end_subtransaction, NULL);
  watching = true;
}

void begin_program(void) {
  MemoryContext memory = AllocSetContextCreate(
    TopTransactionContext, "pg_trickle program", ALLOCSET_DEFAULT_SIZES);
  program* begun = MemoryContextAllocZero(memory, sizeof(program));
  watch_transactions();
  begun->level = GetCurrentSubTransactionId();
  begun->memory = memory;
  begun->outer = current;
  current = begun;
}

// The innermost program, which must be at rest: a function in one of its
// statements has no say in it.
static program* own_program(void) {
  if (current == NULL || current->running > 0
      || current->level != GetCurrentSubTransactionId())
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("no refresh program is at work here"),
            errhint("This function is for the refresh programs of stream "
                    "tables."));
  return current;
}

void end_program(void) {
  (void)own_program();
  drop_innermost(true);
}

// -- statements ---------------------------------------------------------------

static EphemeralNamedRelation find_staged(const char* name) {
  ListCell* cell;
  if (current != NULL)
    foreach (cell, current->relations) {
      EphemeralNamedRelation relation = lfirst(cell);
      if (strcmp(relation->md.name, name) == 0)
        return relation;
    }
  return NULL;
}

static void connect(const program* own) {
  ListCell* cell;
  SPI_connect();
  foreach (cell, own->relations)
    if (SPI_register_relation(lfirst(cell)) != SPI_OK_REL_REGISTER)
      elog(ERROR, "staged relation could not be registered");
}

// Statement and plan: `kept` is null if the plan is for this time only.
typedef struct ready_statement {
  SPIPlanPtr plan;
  kept_plan* kept;
} ready_statement;

static ready_statement make_ready(const program_statement* statement) {
  ready_statement ready = {NULL, NULL};
  if (statement->keep)
    ready.kept = take_plan(statement->text, statement->nargs, statement->types,
                           find_staged);
  if (ready.kept != NULL)
    ready.plan = spi_plan(ready.kept);
  else
    ready.plan
      = SPI_prepare(statement->text, statement->nargs, statement->types);
  if (ready.plan == NULL)
    elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  return ready;
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

// What a statement's own functions began and left is dropped.
static void settle(program* own) {
  while (current != NULL && current != own)
    drop_innermost(true);
  --own->running;
}

static void execute(program* own, const ready_statement* ready,
                    const program_statement* statement, DestReceiver* to) {
  SPIExecuteOptions options;
  volatile int code = 0;
  memset(&options, 0, sizeof(options));
  options.params = parameters(statement);
  options.dest = to;
  options.must_return_tuples = to != NULL;
  ++own->running;
  if (ready->kept != NULL)
    begin_use(ready->kept);
  PG_TRY();
  { code = SPI_execute_plan_extended(ready->plan, &options); }
  PG_FINALLY();
  {
    if (ready->kept != NULL)
      end_use(ready->kept);
  }
  PG_END_TRY();
  settle(own);
  if (code < 0)
    elog(ERROR, "SPI_execute_plan_extended failed: %s",
         SPI_result_code_string(code));
}

int64 run_statement(const program_statement* statement) {
  program* own = own_program();
  ready_statement ready;
  int64 rows;
  connect(own);
  ready = make_ready(statement);
  execute(own, &ready, statement, NULL);
  rows = (int64)SPI_processed;
  SPI_finish();
  return rows;
}

int64 select_number(const program_statement* statement) {
  program* own = own_program();
  ready_statement ready;
  int64 number = 0;
  bool null = true;
  connect(own);
  ready = make_ready(statement);
  execute(own, &ready, statement, NULL);
  if (SPI_processed > 0 && SPI_tuptable != NULL)
    number = DatumGetInt64(
      SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
  SPI_finish();
  return null ? 0 : number;
}

double statement_cost(const program_statement* statement) {
  program* own = own_program();
  CachedPlan* cached;
  ready_statement ready;
  double cost = 0;
  connect(own);
  ready = make_ready(statement);
  cached = SPI_plan_get_cached_plan(ready.plan);
  if (cached != NULL) {
    cost = linitial_node(PlannedStmt, cached->stmt_list)->planTree->total_cost;
    ReleaseCachedPlan(cached, ready.kept != NULL ? CurrentResourceOwner : NULL);
  }
  SPI_finish();
  return cost;
}

// -- staging ------------------------------------------------------------------

static EphemeralNamedRelation new_relation(program* own, const char* name,
                                           SPIPlanPtr plan) {
  const CachedPlanSource* source = linitial(SPI_plan_get_plan_sources(plan));
  MemoryContext caller = MemoryContextSwitchTo(own->memory);
  EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));
  ResourceOwner owner = CurrentResourceOwner;
  if (source->resultDesc == NULL)
    ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
            errmsg("only the rows of a SELECT can be staged"));
  relation->md.name = pstrdup(name);
  relation->md.tupdesc = CreateTupleDescCopy(source->resultDesc);
  relation->md.enrtype = ENR_NAMED_TUPLESTORE;
  CurrentResourceOwner = CurTransactionResourceOwner;
  relation->reldata = tuplestore_begin_heap(false, false, work_mem);
  CurrentResourceOwner = owner;
  MemoryContextSwitchTo(caller);
  return relation;
}

static void replace_staged(program* own, EphemeralNamedRelation relation) {
  EphemeralNamedRelation former = find_staged(relation->md.name);
  MemoryContext caller = MemoryContextSwitchTo(own->memory);
  if (former != NULL) {
    own->relations = list_delete_ptr(own->relations, former);
    drop_staged(former);
  }
  own->relations = lappend(own->relations, relation);
  MemoryContextSwitchTo(caller);
}

int64 stage_rows(const char* name, const program_statement* statement) {
  program* own = own_program();
  EphemeralNamedRelation relation;
  ready_statement ready;
  DestReceiver* receiver = CreateDestReceiver(DestTuplestore);
  connect(own);
  ready = make_ready(statement);
  relation = new_relation(own, name, ready.plan);
  SetTuplestoreDestReceiverParams(receiver, relation->reldata, own->memory,
                                  false, NULL, NULL);
  execute(own, &ready, statement, receiver);
  relation->md.enrtuples = (double)SPI_processed;
  SPI_finish();
  receiver->rDestroy(receiver);
  replace_staged(own, relation);
  return (int64)relation->md.enrtuples;
}
