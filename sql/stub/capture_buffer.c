#include "sql/stub/capture_buffer.h"

#include <access/genam.h>
#include <access/heapam.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/indexing.h>
#include <catalog/namespace.h>
#include <storage/bufmgr.h>
#include <storage/lmgr.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/rel.h>
#include <utils/xid8.h>

// A part of a change buffer is full at 16 MB, one of `touched` at 1 MB.
#define FULL_BUFFER ((BlockNumber)2048)
#define FULL_TOUCHED ((BlockNumber)128)

// As COPY does: so many rows, or so many bytes, are written at a time.
#define BATCH_ROWS 1000
#define BATCH_BYTES 65535

struct capture_buffer {
  Oid source;
  FullTransactionId xid;
  Relation relation;
  int16 part;
  TupleTableSlot* batch[BATCH_ROWS];
  int filled;
  Size bytes;
  // Null until a second batch: one row needs no strategy.
  BulkInsertState bulk;
  MemoryContext writing;
  int64 rows;
  BlockNumber first;
  BlockNumber last;
};

// In the order of the columns of pgtrickle_changes.touched.
typedef struct announcement {
  FullTransactionId xid;
  Oid source;
  int16 part;
  bool truncated;
  int64 rows;
  BlockNumber first;
  BlockNumber last;
} announcement;

static Oid part_named(const char* table, int part) {
  char* name = psprintf("%s_%d", table, part);
  Oid relid
    = get_relname_relid(name, get_namespace_oid("pgtrickle_changes", false));
  if (!OidIsValid(relid))
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
            errmsg("pgtrickle_changes.%s does not exist", name),
            errhint("Drop the triggers pgt_capture_* of the table, then call "
                    "pgtrickle.resume_stream_table() for its stream tables."));
  pfree(name);
  return relid;
}

// Opens the part to write to, and keeps its lock until the transaction ends:
// who gets the part's exclusive lock knows that nobody's rows are missing.
static Relation open_part(const char* table, BlockNumber full, int16* part) {
  Oid first = part_named(table, 0);
  *part = 0;
  if (ConditionalLockRelationOid(first, RowExclusiveLock)) {
    Relation relation = table_open(first, NoLock);
    if (RelationGetNumberOfBlocks(relation) < full)
      return relation;
    table_close(relation, RowExclusiveLock);
  }
  *part = 1;
  return table_open(part_named(table, 1), RowExclusiveLock);
}

static void announce(const announcement* news) {
  int16 part;
  Relation touched = open_part("touched", FULL_TOUCHED, &part);
  Datum values[] = {FullTransactionIdGetDatum(news->xid),
                    ObjectIdGetDatum(news->source),
                    Int16GetDatum(news->part),
                    BoolGetDatum(news->truncated),
                    Int64GetDatum(news->rows),
                    Int64GetDatum((int64)news->first),
                    Int64GetDatum((int64)news->last)};
  bool nulls[lengthof(values)] = {false};
  HeapTuple row;
  if (RelationGetNumberOfAttributes(touched) != lengthof(values))
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("pgtrickle_changes.touched is of another version than the "
                   "library pg_trickle"),
            errhint("ALTER EXTENSION pg_trickle UPDATE."));
  row = heap_form_tuple(RelationGetDescr(touched), values, nulls);
  CatalogTupleInsert(touched, row);
  heap_freetuple(row);
  table_close(touched, NoLock);
}

void announce_truncation(Oid source) {
  announcement news
    = {.xid = GetTopFullTransactionId(), .source = source, .truncated = true};
  announce(&news);
}

capture_buffer* open_buffer(Oid source) {
  capture_buffer* buffer = palloc0(sizeof(*buffer));
  char table[NAMEDATALEN];
  snprintf(table, sizeof(table), "changes_%u", source);
  buffer->source = source;
  buffer->xid = GetTopFullTransactionId();
  buffer->relation = open_part(table, FULL_BUFFER, &buffer->part);
  buffer->first = InvalidBlockNumber;
  buffer->writing = AllocSetContextCreate(
    CurrentMemoryContext, "pg_trickle change buffer", ALLOCSET_SMALL_SIZES);
  return buffer;
}

TupleDesc buffer_columns(const capture_buffer* buffer) {
  return RelationGetDescr(buffer->relation);
}

TupleTableSlot* next_row(capture_buffer* buffer) {
  TupleTableSlot* row = buffer->batch[buffer->filled];
  if (row == NULL)
    row = buffer->batch[buffer->filled]
      = MakeSingleTupleTableSlot(buffer_columns(buffer), &TTSOpsHeapTuple);
  ExecClearTuple(row);
  memset(row->tts_isnull, true, buffer_columns(buffer)->natts * sizeof(bool));
  return row;
}

static void write_batch(capture_buffer* buffer) {
  MemoryContext caller = MemoryContextSwitchTo(buffer->writing);
  // Rows of one statement lie side by side, after all that are there already:
  // free space elsewhere is left to the next truncation.
  table_multi_insert(buffer->relation, buffer->batch, buffer->filled,
                     GetCurrentCommandId(true), TABLE_INSERT_SKIP_FSM,
                     buffer->bulk);
  MemoryContextSwitchTo(caller);
  MemoryContextReset(buffer->writing);
  for (int i = 0; i < buffer->filled; i++) {
    BlockNumber block = ItemPointerGetBlockNumber(&buffer->batch[i]->tts_tid);
    if (buffer->first == InvalidBlockNumber || block < buffer->first)
      buffer->first = block;
    buffer->last = Max(buffer->last, block);
    ExecClearTuple(buffer->batch[i]);
  }
  buffer->rows += buffer->filled;
  buffer->filled = 0;
  buffer->bytes = 0;
}

void add_row(capture_buffer* buffer, int weight) {
  TupleTableSlot* row = buffer->batch[buffer->filled];
  bool fresh;
  row->tts_values[0] = FullTransactionIdGetDatum(buffer->xid);
  row->tts_values[1] = Int16GetDatum(weight);
  row->tts_isnull[0] = row->tts_isnull[1] = false;
  ExecStoreVirtualTuple(row);
  ExecMaterializeSlot(row);
  buffer->bytes += ExecFetchSlotHeapTuple(row, false, &fresh)->t_len;
  ++buffer->filled;
  if (buffer->filled < BATCH_ROWS && buffer->bytes < BATCH_BYTES)
    return;
  if (buffer->bulk == NULL)
    buffer->bulk = GetBulkInsertState();
  write_batch(buffer);
}

void close_buffer(capture_buffer* buffer) {
  announcement news;
  if (buffer->filled > 0)
    write_batch(buffer);
  if (buffer->bulk != NULL)
    FreeBulkInsertState(buffer->bulk);
  for (int i = 0; i < BATCH_ROWS && buffer->batch[i] != NULL; i++)
    ExecDropSingleTupleTableSlot(buffer->batch[i]);
  table_close(buffer->relation, NoLock);
  MemoryContextDelete(buffer->writing);
  news = (announcement){.xid = buffer->xid,
                        .source = buffer->source,
                        .part = buffer->part,
                        .rows = buffer->rows,
                        .first = buffer->first,
                        .last = buffer->last};
  if (news.rows > 0)
    announce(&news);
  pfree(buffer);
}
