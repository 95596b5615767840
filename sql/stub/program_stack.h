#pragma once
// The refresh programs at work in this session: one may set off another.

#include "postgres.h"

#include <nodes/pg_list.h>

/// A program at work, and what it has staged, in its own memory.
typedef struct program {
  /// The subtransaction that it runs in, and does not outlive.
  SubTransactionId level;
  MemoryContext memory;
  /// EphemeralNamedRelation, a tuple store in each.
  List* relations;
  /// Statements of it that are being planned or run.
  int running;
  struct program* outer;
} program;

/// Begins a program; until it ends, what is staged belongs to it. Programs
/// nest: a statement of one may write to a source of another.
void begin_program(void);
/// Drops what was staged since `begin_program`.
void end_program(void);

/// The innermost program, a statement of which begins. An error if another one
/// of its statements is at work: a function in it has no say in the program.
program* enter_statement_of_program(void);
/// What functions of the statement began and left is dropped.
void leave_statement_of(program* own);
