#pragma once
// How many rows of each source a statement has changed, for each IMMEDIATE
// stream table. One statement may fire several triggers (ON CONFLICT, MERGE,
// WITH, a cascade), and all its changes are visible when the first AFTER
// trigger fires; so they are collected until there are no more to come.

#include "postgres.h"

typedef struct statement_changes {
  int sources;
  // By the source's position in the program.
  int64* rows;
  // Some source was truncated: its rows are not among them.
  bool truncated;
} statement_changes;

// Notes that a BEFORE trigger has fired for `stream_table`. Returns whether it
// is the first of the transaction, which then has to take the lock.
extern bool enter_statement(int64 stream_table);

// Notes the AFTER trigger of the same: `rows` of the source at `position` (from
// 1) of `sources` have changed; -1: it was truncated. Returns whether this was
// the last trigger and there are changes, which then stand in `complete`.
extern bool leave_statement(int64 stream_table, int sources, int position,
                            int64 rows, statement_changes* complete);

// Notes that rows of a source have changed that were not collected.
extern void mark_behind(int64 stream_table);

// Whether any have since this was last asked.
extern bool take_behind(int64 stream_table);
