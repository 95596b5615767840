#pragma once
// What kept plans depend on: the tables, functions and types whose change makes
// a plan invalid.

#include "postgres.h"

#include <nodes/plannodes.h>

/// Once a session: `one` is called for each plan that a change concerns, `all`
/// for a change that may concern any.
void watch_dependencies(void (*one)(void* plan), void (*all)(void));

/// How many changes of anything were seen so far: what is noted later than
/// planned may have missed one.
uint64 changes_seen(void);

void note_dependencies(void* plan, const PlannedStmt* of);
void forget_dependencies(void* plan, const PlannedStmt* of);
