// What writers have told in `touched` and a frontier has not seen. A refresh
// asks twice, and a query over these two small tables would take longer than
// all that it reads.

#include "postgres.h"

#include <access/genam.h>
#include <access/stratnum.h>
#include <access/table.h>
#include <access/tableam.h>
#include <catalog/namespace.h>
#include <catalog/pg_type.h>
#include <utils/array.h>
#include <utils/fmgroids.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
#include <utils/xid8.h>

#include <funcapi.h>

PG_FUNCTION_INFO_V1(pgtrickle_changes_beyond);

// As xid8funcs.c lays it out.
typedef struct snapshot_value {
  int32 size;
  uint32 open_count;
  FullTransactionId xmin;
  FullTransactionId xmax;
  FullTransactionId open[FLEXIBLE_ARRAY_MEMBER];
} snapshot_value;

typedef struct frontier {
  const snapshot_value* seen;
  // Invalid: it consumed no transaction of its own.
  FullTransactionId own;
  int source_count;
  const Oid* sources;
} frontier;

// The changes of one source in one part of its buffer.
typedef struct changes {
  Oid source;
  int16 part;
  bool truncated;
  int64 rows;
  // -1: there is a TRUNCATE and nothing else.
  int64 first;
  int64 last;
} changes;

enum { xid = 1, source, part, truncated, rows, first_block, last_block };

static int64 number(TupleTableSlot* row, int column) {
  bool null;
  return DatumGetInt64(slot_getattr(row, column, &null));
}

static bool is_asked_for(const frontier* since, TupleTableSlot* row) {
  bool null;
  const Oid of = DatumGetObjectId(slot_getattr(row, source, &null));
  const FullTransactionId by
    = DatumGetFullTransactionId(slot_getattr(row, xid, &null));
  int i;
  if (FullTransactionIdEquals(by, since->own))
    return false;
  for (i = 0; i < since->source_count; ++i)
    if (since->sources[i] == of)
      return true;
  return false;
}

static changes* entry_for(List** found, Oid of, int16 in) {
  changes* entry;
  ListCell* cell;
  foreach (cell, *found) {
    entry = lfirst(cell);
    if (entry->source == of && entry->part == in)
      return entry;
  }
  entry = palloc0(sizeof(changes));
  entry->source = of;
  entry->part = in;
  entry->first = -1;
  *found = lappend(*found, entry);
  return entry;
}

static void add(List** found, TupleTableSlot* row) {
  bool null;
  changes* entry
    = entry_for(found, DatumGetObjectId(slot_getattr(row, source, &null)),
                DatumGetInt16(slot_getattr(row, part, &null)));
  const int64 first = number(row, first_block);
  entry->rows += number(row, rows);
  entry->last = Max(entry->last, number(row, last_block));
  if (DatumGetBool(slot_getattr(row, truncated, &null)))
    entry->truncated = true;
  else if (entry->first < 0 || first < entry->first)
    entry->first = first;
}

typedef struct part_scan {
  IndexScanDesc scan;
  TupleTableSlot* row;
} part_scan;

static void read_rows(const part_scan* in, StrategyNumber strategy,
                      FullTransactionId from, const frontier* since,
                      List** found) {
  ScanKeyData key;
  ScanKeyInit(&key, 1, strategy,
              strategy == BTEqualStrategyNumber ? F_XID8EQ : F_XID8GE,
              FullTransactionIdGetDatum(from));
  index_rescan(in->scan, &key, 1, NULL, 0);
  while (index_getnext_slot(in->scan, ForwardScanDirection, in->row))
    if (is_asked_for(since, in->row))
      add(found, in->row);
}

static void read_part(int at, const frontier* since, List** found) {
  char name[NAMEDATALEN];
  const Oid schema = get_namespace_oid("pgtrickle_changes", false);
  Relation table;
  Relation index;
  part_scan in;
  uint32 i;
  snprintf(name, sizeof(name), "touched_%d", at);
  table = table_open(get_relname_relid(name, schema), AccessShareLock);
  strlcat(name, "_xid", sizeof(name));
  index = index_open(get_relname_relid(name, schema), AccessShareLock);
  in.row = table_slot_create(table, NULL);
  in.scan = index_beginscan(table, index, GetActiveSnapshot(), 1, 0);
  read_rows(&in, BTGreaterEqualStrategyNumber, since->seen->xmax, since, found);
  for (i = 0; i < since->seen->open_count; ++i)
    read_rows(&in, BTEqualStrategyNumber, since->seen->open[i], since, found);
  index_endscan(in.scan);
  ExecDropSingleTupleTableSlot(in.row);
  index_close(index, NoLock);
  table_close(table, NoLock);
}

static void give(ReturnSetInfo* result, const changes* entry) {
  Datum values[]
    = {ObjectIdGetDatum(entry->source), Int16GetDatum(entry->part),
       Int64GetDatum(entry->rows),      BoolGetDatum(entry->truncated),
       Int64GetDatum(entry->first),     Int64GetDatum(entry->last)};
  bool nulls[lengthof(values)] = {false};
  nulls[4] = entry->first < 0;
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum pgtrickle_changes_beyond(PG_FUNCTION_ARGS) {
  frontier since;
  List* found = NIL;
  ListCell* cell;
  ArrayType* sources;
  InitMaterializedSRF(fcinfo, 0);
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
    PG_RETURN_NULL();
  sources = PG_GETARG_ARRAYTYPE_P(0);
  if (ARR_NDIM(sources) > 1 || ARR_HASNULL(sources))
    ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
            errmsg("sources are an array of oids"));
  since.seen = (const snapshot_value*)PG_GETARG_VARLENA_P(1);
  since.own = PG_ARGISNULL(2) ? InvalidFullTransactionId
                              : PG_GETARG_FULLTRANSACTIONID(2);
  since.source_count = ArrayGetNItems(ARR_NDIM(sources), ARR_DIMS(sources));
  since.sources = (const Oid*)ARR_DATA_PTR(sources);
  read_part(0, &since, &found);
  read_part(1, &since, &found);
  foreach (cell, found)
    give((ReturnSetInfo*)fcinfo->resultinfo, lfirst(cell));
  PG_RETURN_NULL();
}
