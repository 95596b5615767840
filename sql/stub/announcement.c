#include "sql/stub/announcement.h"

#include "sql/stub/buffer_parts.h"

#include <access/genam.h>
#include <access/heapam.h>
#include <access/table.h>
#include <access/xact.h>
#include <catalog/index.h>
#include <utils/rel.h>
#include <utils/xid8.h>

// A part of `touched` is full at 1 MB.
#define FULL_TOUCHED ((BlockNumber)128)

// For indexes of columns, as those of `touched` are; what the executor prepares
// for any kind of index takes longer than the row.
static void insert_into_indexes(Relation table, HeapTuple row,
                                const Datum* columns) {
  ListCell* at;
  List* indexes = RelationGetIndexList(table);
  foreach (at, indexes) {
    Relation index = index_open(lfirst_oid(at), RowExclusiveLock);
    IndexInfo* definition = BuildIndexInfo(index);
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS] = {false};
    for (int i = 0; i < definition->ii_NumIndexAttrs; i++) {
      AttrNumber column = definition->ii_IndexAttrNumbers[i];
      if (column < 1 || definition->ii_Predicate != NIL
          || definition->ii_Unique)
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("index %s is not one that pg_trickle made",
                       RelationGetRelationName(index)),
                errhint("Drop the index."));
      values[i] = columns[column - 1];
    }
    if (definition->ii_ReadyForInserts)
      index_insert(index, values, nulls, &row->t_self, table, UNIQUE_CHECK_NO,
                   false, definition);
    index_close(index, NoLock);
  }
  list_free(indexes);
}

void announce(const announcement* news) {
  int16 part;
  Relation touched = open_part(TOUCHED, FULL_TOUCHED, &part);
  Datum values[] = {FullTransactionIdGetDatum(news->xid),
                    ObjectIdGetDatum(news->source),
                    Int16GetDatum(news->part),
                    BoolGetDatum(news->truncated),
                    Int64GetDatum(news->rows),
                    Int64GetDatum((int64)news->first),
                    Int64GetDatum((int64)news->last)};
  bool nulls[lengthof(values)] = {false};
  HeapTuple row;
  if (RelationGetNumberOfAttributes(touched) != lengthof(values))
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("pgtrickle_changes.touched is of another version than the "
                   "library pg_trickle"),
            errhint("ALTER EXTENSION pg_trickle UPDATE."));
  row = heap_form_tuple(RelationGetDescr(touched), values, nulls);
  // Free space elsewhere is left to the next truncation.
  heap_insert(touched, row, GetCurrentCommandId(true), HEAP_INSERT_SKIP_FSM,
              NULL);
  insert_into_indexes(touched, row, values);
  heap_freetuple(row);
  table_close(touched, NoLock);
}
