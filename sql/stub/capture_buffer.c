#include "sql/stub/capture_buffer.h"

#include "sql/stub/announcement.h"
#include "sql/stub/buffer_parts.h"

#include <access/heapam.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <utils/memutils.h>
#include <utils/rel.h>
#include <utils/xid8.h>

// A part of a change buffer is full at 16 MB.
#define FULL_BUFFER ((BlockNumber)2048)

// As COPY does: so many rows, or so many bytes, are written at a time.
#define BATCH_ROWS 1000
#define BATCH_BYTES 65535
// So many at first: most statements change a row or two.
#define FIRST_ROWS 4

struct capture_buffer {
  Oid source;
  FullTransactionId xid;
  Relation relation;
  int16 part;
  TupleTableSlot** batch;
  int room;
  int filled;
  Size bytes;
  // Null until a second batch: few rows need no strategy, and what is allocated
  // to write them goes with the trigger's own memory.
  BulkInsertState bulk;
  MemoryContext writing;
  int64 rows;
  BlockNumber first;
  BlockNumber last;
};

void announce_truncation(Oid source) {
  announcement news
    = {.xid = GetTopFullTransactionId(), .source = source, .truncated = true};
  announce(&news);
}

capture_buffer* open_buffer(Oid source) {
  capture_buffer* buffer = palloc0(sizeof(*buffer));
  buffer->source = source;
  buffer->xid = GetTopFullTransactionId();
  buffer->relation = open_part(source, FULL_BUFFER, &buffer->part);
  buffer->first = InvalidBlockNumber;
  buffer->room = FIRST_ROWS;
  buffer->batch = palloc0(FIRST_ROWS * sizeof(TupleTableSlot*));
  return buffer;
}

TupleDesc buffer_columns(const capture_buffer* buffer) {
  return RelationGetDescr(buffer->relation);
}

static void make_room(capture_buffer* buffer) {
  const int more = BATCH_ROWS - buffer->room;
  buffer->batch = repalloc(buffer->batch, BATCH_ROWS * sizeof(TupleTableSlot*));
  memset(buffer->batch + buffer->room, 0, more * sizeof(TupleTableSlot*));
  buffer->room = BATCH_ROWS;
}

TupleTableSlot* next_row(capture_buffer* buffer) {
  TupleTableSlot* row;
  if (buffer->filled == buffer->room)
    make_room(buffer);
  row = buffer->batch[buffer->filled];
  if (row == NULL)
    row = buffer->batch[buffer->filled]
      = MakeSingleTupleTableSlot(buffer_columns(buffer), &TTSOpsHeapTuple);
  ExecClearTuple(row);
  memset(row->tts_isnull, true, buffer_columns(buffer)->natts * sizeof(bool));
  return row;
}

// Rows of one statement lie side by side, after all that are there already:
// free space elsewhere is left to the next truncation.
static void insert_batch(capture_buffer* buffer) {
  const CommandId command = GetCurrentCommandId(true);
  if (buffer->filled == 1)
    table_tuple_insert(buffer->relation, buffer->batch[0], command,
                       TABLE_INSERT_SKIP_FSM, buffer->bulk);
  else
    table_multi_insert(buffer->relation, buffer->batch, buffer->filled, command,
                       TABLE_INSERT_SKIP_FSM, buffer->bulk);
}

static void write_batch(capture_buffer* buffer) {
  insert_batch(buffer);
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

static void write_full_batch(capture_buffer* buffer) {
  MemoryContext caller;
  if (buffer->bulk == NULL) {
    buffer->bulk = GetBulkInsertState();
    buffer->writing = AllocSetContextCreate(
      CurrentMemoryContext, "pg_trickle change buffer", ALLOCSET_SMALL_SIZES);
  }
  caller = MemoryContextSwitchTo(buffer->writing);
  write_batch(buffer);
  MemoryContextSwitchTo(caller);
  MemoryContextReset(buffer->writing);
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
  if (buffer->filled == BATCH_ROWS || buffer->bytes >= BATCH_BYTES)
    write_full_batch(buffer);
}

void close_buffer(capture_buffer* buffer) {
  announcement news;
  if (buffer->filled > 0)
    write_batch(buffer);
  if (buffer->bulk != NULL) {
    FreeBulkInsertState(buffer->bulk);
    MemoryContextDelete(buffer->writing);
  }
  for (int i = 0; i < buffer->room && buffer->batch[i] != NULL; i++)
    ExecDropSingleTupleTableSlot(buffer->batch[i]);
  table_close(buffer->relation, NoLock);
  news = (announcement){.xid = buffer->xid,
                        .source = buffer->source,
                        .part = buffer->part,
                        .rows = buffer->rows,
                        .first = buffer->first,
                        .last = buffer->last};
  if (news.rows > 0)
    announce(&news);
  pfree(buffer->batch);
  pfree(buffer);
}
