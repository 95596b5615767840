#pragma once
// The table pgtrickle.pending_calls, written and read as its owner.

#include "postgres.h"

#include <nodes/pg_list.h>
#include <utils/jsonb.h>

// What the last call that is still to be carried out does to a name.
typedef enum pending_state {
  PENDING_NOTHING,
  PENDING_CREATION,
  PENDING_DROP
} pending_state;

typedef struct pending_creation {
  // Quoted and qualified.
  char* name;
  char* query;
  char* search_path;
} pending_creation;

// The caller's creations that no later call drops again, in order.
extern List* find_pending_creations(void);

// `name` is quoted and qualified.
extern pending_state find_pending(const char* name);

// Records the call with the caller's transaction, and wakes the daemon at its
// COMMIT. `name` replaces the argument of that name.
extern void record_pending(const char* method, Jsonb* arguments,
                           const char* name);

extern bool is_stream_table(Oid relation);
