#include "sql/stub/program_stack.h"

#include "sql/stub/program_trace.h"

#include <access/xact.h>
#include <utils/memutils.h>
#include <utils/queryenvironment.h>
#include <utils/tuplestore.h>

static program* current = NULL;

// `whole`: an aborted transaction has closed the files by itself.
static void drop_innermost(bool whole) {
  program* ended = current;
  ListCell* cell;
  current = ended->outer;
  if (whole)
    foreach (cell, ended->relations)
      tuplestore_end(((EphemeralNamedRelation)lfirst(cell))->reldata);
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
  if (current == NULL)
    begin_trace();
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

program* enter_statement_of_program(void) {
  program* own = own_program();
  ++own->running;
  return own;
}

void leave_statement_of(program* own) {
  while (current != NULL && current != own)
    drop_innermost(true);
  --own->running;
}
