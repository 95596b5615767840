// The end of a refresh: what its stream table's owner has deferred.

#include "postgres.h"

#include <commands/trigger.h>
#include <nodes/makefuncs.h>
#include <nodes/parsenodes.h>

#include <fmgr.h>
#include <miscadmin.h>

PG_FUNCTION_INFO_V1(pgtrickle_settle);

// As SET CONSTRAINTS ALL IMMEDIATE, but a trigger that defers another one
// fails: that one would run at the COMMIT, with the rights of whoever commits.
Datum pgtrickle_settle(PG_FUNCTION_ARGS) {
  ConstraintsSetStmt* statement = makeNode(ConstraintsSetStmt);
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(user, context | SECURITY_RESTRICTED_OPERATION);
  AfterTriggerSetState(statement);
  SetUserIdAndSecContext(user, context);
  PG_RETURN_VOID();
}
