#include "sql/stub/caller.h"

#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xlog.h>
#include <catalog/namespace.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>

#include <miscadmin.h>

static Relation open_secret_table(void) {
  Oid schema = get_namespace_oid("pgtrickle", false);
  Oid table = get_relname_relid("pgt_secret", schema);
  if (!OidIsValid(table))
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
            errmsg("extension pg_trickle is not installed in this database"),
            errhint("Run CREATE EXTENSION pg_trickle."));
  return table_open(table, AccessShareLock);
}

// Reads the table itself rather than through SQL: nothing that the caller has
// defined takes part in it, and the caller needs no right on the table.
static void read_secret(caller* by) {
  Relation table = open_secret_table();
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);
  HeapTuple row = heap_getnext(scan, ForwardScanDirection);
  bool is_null = true;

  if (row != NULL) {
    Datum secret = heap_getattr(row, 2, RelationGetDescr(table), &is_null);
    bytea* bytes = is_null ? NULL : DatumGetByteaPCopy(secret);
    if (bytes != NULL) {
      by->secret = (uint8*)VARDATA(bytes);
      by->secret_size = VARSIZE(bytes) - VARHDRSZ;
    }
  }
  table_endscan(scan);
  UnregisterSnapshot(snapshot);
  table_close(table, AccessShareLock);
  if (is_null)
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("pgtrickle.pgt_secret is empty"),
            errhint("Drop and create the extension pg_trickle."));
}

caller identify_caller(void) {
  caller by = {0};
  by.role = GetUserNameFromId(GetUserId(), false);
  by.search_path = pstrdup(GetConfigOption("search_path", false, false));
  by.subject_prefix = psprintf("pgtrickle.v1." UINT64_FORMAT ".%u",
                               GetSystemIdentifier(), MyDatabaseId);
  read_secret(&by);
  return by;
}

void forget_secret(caller* by) {
  if (by->secret != NULL)
    explicit_bzero(by->secret, by->secret_size);
}

Oid extension_owner(void) {
  Relation table = open_secret_table();
  Oid owner = table->rd_rel->relowner;
  table_close(table, AccessShareLock);
  return owner;
}
