#include "sql/stub/statement_changes.h"

#include <access/xact.h>
#include <utils/memutils.h>

// What a subtransaction knows of a stream table. The newest one holds; a
// rollback uncovers the one before it.
typedef struct collection {
  int64 stream_table;
  SubTransactionId level;
  // Whether a BEFORE trigger has taken the stream table's lock.
  bool locked;
  // BEFORE triggers whose AFTER trigger is still to come.
  int pending;
  bool behind;
  statement_changes changes;
  struct collection* next;
} collection;

// In the transaction's own memory.
static collection* collections = NULL;

static collection* find(int64 stream_table) {
  collection* known = collections;
  while (known != NULL && known->stream_table != stream_table)
    known = known->next;
  return known;
}

// -- the end of transactions --------------------------------------------------

static void end_transaction(XactEvent event, void* unused) {
  (void)unused;
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT
      || event == XACT_EVENT_PREPARE)
    collections = NULL;
}

static void forget(collection** at) {
  collection* const gone = *at;
  *at = gone->next;
  if (gone->changes.rows != NULL)
    pfree(gone->changes.rows);
  pfree(gone);
}

// What the parent knew before its subtransaction committed.
static void forget_older(const collection* newer) {
  collection** at = (collection**)&newer->next;
  while (*at != NULL && (*at)->level == newer->level)
    if ((*at)->stream_table == newer->stream_table)
      forget(at);
    else
      at = &(*at)->next;
}

// Newest first: those of the subtransaction that ends stand before its
// parent's.
static void end_subtransaction(SubXactEvent event, SubTransactionId level,
                               SubTransactionId parent, void* unused) {
  collection* ended;
  (void)unused;
  if (event == SUBXACT_EVENT_ABORT_SUB)
    while (collections != NULL && collections->level == level)
      forget(&collections);
  if (event != SUBXACT_EVENT_COMMIT_SUB)
    return;
  for (ended = collections; ended != NULL && ended->level == level;
       ended = ended->next)
    ended->level = parent;
  for (ended = collections; ended != NULL && ended->level == parent;
       ended = ended->next)
    forget_older(ended);
}

static void watch_transactions(void) {
  static bool watching = false;
  if (watching)
    return;
  RegisterXactCallback(end_transaction, NULL);
  RegisterSubXactCallback(end_subtransaction, NULL);
  watching = true;
}

// -- collecting ---------------------------------------------------------------

// The collection of the current subtransaction, begun with what the outer ones
// know.
static collection* own_collection(int64 stream_table) {
  const SubTransactionId level = GetCurrentSubTransactionId();
  const collection* const known = find(stream_table);
  collection* own;
  watch_transactions();
  if (known != NULL && known->level == level)
    return (collection*)known;
  own = MemoryContextAllocZero(TopTransactionContext, sizeof(collection));
  if (known != NULL) {
    *own = *known;
    if (known->changes.sources > 0) {
      const Size size = sizeof(int64) * (Size)known->changes.sources;
      own->changes.rows = MemoryContextAlloc(TopTransactionContext, size);
      memcpy(own->changes.rows, known->changes.rows, size);
    }
  }
  own->stream_table = stream_table;
  own->level = level;
  own->next = collections;
  collections = own;
  return own;
}

bool enter_statement(int64 stream_table) {
  collection* const own = own_collection(stream_table);
  const bool first = !own->locked;
  own->locked = true;
  ++own->pending;
  return first;
}

static void add_rows(statement_changes* changes, int sources, int position,
                     int64 rows) {
  if (position < 1 || position > sources)
    elog(ERROR, "no source %d among %d", position, sources);
  if (changes->sources < sources) {
    // A program was replaced within the transaction, or this is the first.
    int64* const more = MemoryContextAllocZero(TopTransactionContext,
                                               sizeof(int64) * (Size)sources);
    if (changes->sources > 0)
      memcpy(more, changes->rows, sizeof(int64) * (Size)changes->sources);
    changes->rows = more;
    changes->sources = sources;
  }
  if (rows < 0)
    changes->truncated = true;
  else
    changes->rows[position - 1] += rows;
}

static bool has_rows(const statement_changes* changes) {
  int i;
  for (i = 0; i < changes->sources; ++i)
    if (changes->rows[i] > 0)
      return true;
  return changes->truncated;
}

bool leave_statement(int64 stream_table, int sources, int position, int64 rows,
                     statement_changes* complete) {
  collection* const own = own_collection(stream_table);
  Size size;
  if (own->pending < 1)
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("a statement writes to a source of an IMMEDIATE stream "
                   "table without having locked it"),
            errhint("Enable all triggers pgt_immediate_... of the source."));
  add_rows(&own->changes, sources, position, rows);
  --own->pending;
  if (own->pending > 0 || !has_rows(&own->changes))
    return false;
  // What the program's own statements set off begins with nothing.
  size = sizeof(int64) * (Size)own->changes.sources;
  *complete = own->changes;
  complete->rows = palloc(size);
  memcpy(complete->rows, own->changes.rows, size);
  memset(own->changes.rows, 0, size);
  own->changes.truncated = false;
  return true;
}

void mark_behind(int64 stream_table) {
  own_collection(stream_table)->behind = true;
}

bool take_behind(int64 stream_table) {
  collection* const own = own_collection(stream_table);
  const bool behind = own->behind;
  own->behind = false;
  return behind;
}
