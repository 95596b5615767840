#pragma once
// What the statements of a refresh took: `pg_trickle.last_program`, a setting
// that shows it, within the transaction of the program.

#include "postgres.h"

#include <nodes/plannodes.h>

/// An outermost program begins. What the first one since the last look left is
/// kept: those after it are of triggers that it deferred.
void begin_trace(void);

/// A statement of the outermost program has ended. `staged`: the name of the
/// rows that it gave; null: it wrote to a table, or gave a number.
void trace_statement(const PlannedStmt* plan, const char* staged,
                     int64 microseconds, uint64 rows);

/// Defines the setting, once.
void define_last_program(void);
