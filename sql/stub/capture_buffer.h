#pragma once
// A source's change buffer, as a writer sees it.
//
// The buffer has two parts. A writer takes the first one that is not full and
// that nobody is emptying: no state says which it is, no writer waits for the
// daemon, and a part that is left alone can be truncated once it is consumed.

#include "postgres.h"

#include <access/htup.h>
#include <executor/tuptable.h>

typedef struct capture_buffer capture_buffer;

// Opens a part of the buffer of `source` for the changes of one statement.
extern capture_buffer* open_buffer(Oid source);

// The columns of the part: __xid and __weight first.
extern TupleDesc buffer_columns(const capture_buffer* buffer);

// An empty row, all of whose columns are null.
extern TupleTableSlot* next_row(capture_buffer* buffer);

// Takes over the row that next_row gave: __xid and __weight are set here.
extern void add_row(capture_buffer* buffer, int weight);

// Writes what is left, and tells in `touched` how many rows lie where.
extern void close_buffer(capture_buffer* buffer);

// Tells in `touched` that `source` was truncated.
extern void announce_truncation(Oid source);
