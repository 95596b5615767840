// Copies the rows of a query into a new table, and hashes them in the same
// pass.
//
// Rows are written many at a time, as COPY does.

#include "postgres.h"
#include "sql/stub/content_hash.h"
#include "sql/stub/progress.h"

#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <executor/executor.h>
#include <executor/spi.h>
#include <tcop/dest.h>
#include <utils/builtins.h>
#include <utils/memutils.h>
#include <utils/rel.h>

#include <fmgr.h>
#include <funcapi.h>

PG_FUNCTION_INFO_V1(pgtrickle_copy_rows);

// Rows that are written at a time, and the bytes that end it earlier.
enum { MOST_ROWS = 1000, MOST_BYTES = 65536 };

typedef struct row_copier {
  DestReceiver receiver;
  Relation target;
  BulkInsertState bulk;
  CommandId command;
  TupleTableSlot* waiting[MOST_ROWS];
  int count;
  Size bytes;
  row_hasher* hasher;
  uint64 sum;
  int64 rows;
  // For as long as one row is hashed, or the waiting ones are written.
  MemoryContext brief;
} row_copier;

// Columns are compared, for values are copied as they are.
static void start(DestReceiver* self, int operation, TupleDesc row) {
  row_copier* copier = (row_copier*)self;
  TupleDesc wanted = RelationGetDescr(copier->target);
  bool fits = row->natts == wanted->natts;
  (void)operation;
  for (int i = 0; fits && i < row->natts; i++)
    fits
      = TupleDescAttr(row, i)->atttypid == TupleDescAttr(wanted, i)->atttypid;
  if (!fits)
    elog(ERROR, "the rows are not of the columns of \"%s\"",
         RelationGetRelationName(copier->target));
  copier->hasher = new_row_hasher(wanted);
  copier->bulk = GetBulkInsertState();
  copier->brief = AllocSetContextCreate(
    CurrentMemoryContext, "pg_trickle copy of rows", ALLOCSET_DEFAULT_SIZES);
}

static void write_waiting(row_copier* copier) {
  MemoryContext former = MemoryContextSwitchTo(copier->brief);
  table_multi_insert(copier->target, copier->waiting, copier->count,
                     copier->command, TABLE_INSERT_SKIP_FSM, copier->bulk);
  for (int i = 0; i < copier->count; i++)
    ExecClearTuple(copier->waiting[i]);
  copier->count = 0;
  copier->bytes = 0;
  MemoryContextSwitchTo(former);
  MemoryContextReset(copier->brief);
}

static void hash(row_copier* copier, TupleTableSlot* row) {
  MemoryContext former = MemoryContextSwitchTo(copier->brief);
  slot_getallattrs(row);
  copier->sum += hash_of_row(copier->hasher, row->tts_values, row->tts_isnull);
  MemoryContextSwitchTo(former);
  MemoryContextReset(copier->brief);
}

static bool receive(TupleTableSlot* row, DestReceiver* self) {
  row_copier* copier = (row_copier*)self;
  TupleTableSlot** place = &copier->waiting[copier->count++];
  bool must_free;
  HeapTuple copy;
  hash(copier, row);
  if (*place == NULL)
    *place = table_slot_create(copier->target, NULL);
  ExecCopySlot(*place, row);
  // Materialised, so that no page of the rows stays pinned.
  copy = ExecFetchSlotHeapTuple(*place, true, &must_free);
  copier->bytes += copy->t_len;
  if (must_free)
    heap_freetuple(copy);
  copier->rows++;
  count_row();
  if (copier->count == MOST_ROWS || copier->bytes >= MOST_BYTES)
    write_waiting(copier);
  return true;
}

static void end(DestReceiver* self) {
  row_copier* copier = (row_copier*)self;
  if (copier->count > 0)
    write_waiting(copier);
  for (int i = 0; i < MOST_ROWS && copier->waiting[i] != NULL; i++)
    ExecDropSingleTupleTableSlot(copier->waiting[i]);
  FreeBulkInsertState(copier->bulk);
  table_finish_bulk_insert(copier->target, TABLE_INSERT_SKIP_FSM);
}

static void drop(DestReceiver* self) { (void)self; }

// Indexes and constraints would not be heeded.
static Relation open_new(Oid relation) {
  Relation target = table_open(relation, RowExclusiveLock);
  if (target->rd_createSubid == InvalidSubTransactionId
      || target->rd_rel->relkind != RELKIND_RELATION
      || target->rd_rel->relhasindex || target->rd_att->constr != NULL)
    elog(ERROR, "\"%s\" is not a bare table of this transaction",
         RelationGetRelationName(target));
  return target;
}

static void run(const char* query, row_copier* copier) {
  SPIExecuteOptions options;
  memset(&options, 0, sizeof(options));
  options.dest = &copier->receiver;
  SPI_connect();
  if (SPI_execute_extended(query, &options) != SPI_OK_SELECT)
    elog(ERROR, "\"%s\" has no rows to copy", query);
  SPI_finish();
}

// (query text, target regclass) returns (row_count bigint, content_hash text)
Datum pgtrickle_copy_rows(PG_FUNCTION_ARGS) {
  row_copier copier;
  TupleDesc result;
  Datum values[2];
  bool nulls[2] = {false, false};
  memset(&copier, 0, sizeof(copier));
  if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE)
    elog(ERROR, "return type must be a row type");
  copier.receiver.receiveSlot = receive;
  copier.receiver.rStartup = start;
  copier.receiver.rShutdown = end;
  copier.receiver.rDestroy = drop;
  copier.receiver.mydest = DestIntoRel;
  copier.target = open_new(PG_GETARG_OID(1));
  copier.command = GetCurrentCommandId(true);
  run(text_to_cstring(PG_GETARG_TEXT_PP(0)), &copier);
  table_close(copier.target, NoLock);
  count_all(copier.rows);
  values[0] = Int64GetDatum(copier.rows);
  values[1] = PointerGetDatum(content_hash_text(copier.sum));
  PG_RETURN_DATUM(
    HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result), values, nulls)));
}
