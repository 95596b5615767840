// Under which session_replication_role a trigger fires. ALTER TABLE would do as
// well, but fires the event triggers that this is called from.

#include "postgres.h"

#include <access/table.h>
#include <access/xact.h>
#include <commands/trigger.h>
#include <utils/rel.h>

#include <fmgr.h>

PG_FUNCTION_INFO_V1(pgtrickle_set_firing);

Datum pgtrickle_set_firing(PG_FUNCTION_ARGS) {
  const LOCKMODE mode = ShareRowExclusiveLock;
  Relation table = table_open(PG_GETARG_OID(0), mode);
  EnableDisableTrigger(table, NameStr(*PG_GETARG_NAME(1)), PG_GETARG_CHAR(2),
                       false, mode);
  table_close(table, NoLock);
  // The clones in partitions have been changed with it, and may come next.
  CommandCounterIncrement();
  PG_RETURN_VOID();
}
