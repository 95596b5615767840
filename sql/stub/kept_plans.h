#pragma once
// Plans that a session keeps: the statements of refresh programs are the same
// in every refresh, and planning one takes longer than running it on a few
// rows.
//
// PostgreSQL's own plan cache looks through all its plans whenever any table or
// type of the database changes; hundreds of them would make each temporary
// table that somebody creates cost milliseconds here. These are found by what
// they depend on.

#include "postgres.h"

#include <nodes/plannodes.h>
#include <utils/queryenvironment.h>

typedef struct kept_plan kept_plan;

/// A statement, and what it means in.
typedef struct plan_request {
  const char* text;
  /// Types of $1, $2 …
  int nargs;
  Oid* types;
  /// The staged relations that it may read.
  QueryEnvironment* environment;
} plan_request;

/// Plans a statement for this time only.
PlannedStmt* plan_once(const plan_request* request);

/// The plan of a statement, made for tables and staged relations of about the
/// present sizes, or made now; its tables are locked. It stays until 1,000
/// others were used since, in this session. Null: it has to be planned each
/// time.
kept_plan* take_plan(const plan_request* request);

/// Keeps the plan where it is while it runs.
void begin_use(kept_plan* plan);
void end_use(kept_plan* plan);

const PlannedStmt* planned(const kept_plan* plan);
