#pragma once
// What a refresh program stages: relations in memory (on disk beyond work_mem)
// that its later statements read by name. They need no catalog, nobody else
// sees them, and the planner knows how many rows they have.

#include "postgres.h"

/// How a statement of a program is run.
typedef struct program_statement {
  const char* text;
  /// Null, or values for $1, $2 …
  int nargs;
  Oid* types;
  Datum* values;
  char* nulls;
  /// Whether the same text comes again.
  bool keep;
} program_statement;

/// Runs a SELECT and stages its rows as `name`. Returns their number.
int64 stage_rows(const char* name, const program_statement* statement);

/// Runs a statement. Returns the number of rows that it changed.
int64 run_statement(const program_statement* statement);

/// Runs a SELECT of one bigint. Null counts as 0.
int64 select_number(const program_statement* statement);

/// The sum of the weights, in the last column, of the rows staged as `name`: of
/// those that came or of those that went.
int64 staged_weight(const char* name, bool came);

/// What PostgreSQL expects a statement to cost, in its planner's units.
double statement_cost(const program_statement* statement);
