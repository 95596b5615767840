#pragma once
// Calls made inside a transaction block.
//
// A call is carried out in the daemon's own transaction, which neither sees
// what the caller has not committed nor is undone with it. So a definition is
// recorded with the caller's transaction and comes true at its COMMIT.

#include "sql/stub/methods.h"

// Whether the calling transaction has, or may have, something to roll back.
extern bool in_transaction_to_commit(void);

// Checks a definition in the caller's own session and records it.
extern void defer_definition(const relayed_method* method, Jsonb* arguments);
