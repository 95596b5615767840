// Capture: a trigger that writes what a statement changed into the change
// buffer of its source. Its arguments are the source, the numbers of its
// columns that are captured, which columns tell whether an UPDATE changed
// anything, and the names of the columns that are captured:
// "16400", "1,4", "captured" or "all", "id", "amount".
//
// In a database that was loaded from a dump the numbers are of another one, and
// still name the change buffer and its columns, until a daemon adopts it: what
// is read of the table is found by name.

#include "sql/stub/capture_buffer.h"

#include <commands/trigger.h>
#include <executor/executor.h>
#include <utils/builtins.h>
#include <utils/datum.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>

PG_FUNCTION_INFO_V1(pgtrickle_capture);

typedef struct captured_column {
  // In the source: names the buffer's column, c<source>.
  AttrNumber source;
  // In the table that was written to; 0: it has no such column.
  AttrNumber from;
  // In the change buffer.
  AttrNumber to;
} captured_column;

typedef struct capture {
  Oid source;
  TupleDesc rows;
  int count;
  captured_column* columns;
  bool compares_all;
  // Null until there is something to write.
  capture_buffer* buffer;
} capture;

static bool is_named(TupleDesc table, AttrNumber column, const char* name) {
  Form_pg_attribute found;
  if (column < 1 || column > table->natts)
    return false;
  found = TupleDescAttr(table, column - 1);
  return !found->attisdropped && strcmp(NameStr(found->attname), name) == 0;
}

// Mostly the column has the same number. Children have their parents' columns
// by name, in an order of their own.
static AttrNumber column_of_table(Relation table, Oid source, AttrNumber column,
                                  const char* name) {
  AttrNumber found;
  if (is_named(RelationGetDescr(table), column, name))
    return column;
  found = get_attnum(RelationGetRelid(table), name);
  // Renamed while the event triggers were disabled.
  if (found == InvalidAttrNumber && RelationGetRelid(table) == source)
    return column;
  return found;
}

static void read_arguments(capture* task, const TriggerData* trigger) {
  const Trigger* definition = trigger->tg_trigger;
  char* next;
  if (definition->tgnargs < 3)
    elog(ERROR, "trigger %s is not one that pg_trickle made",
         definition->tgname);
  next = definition->tgargs[1];
  task->source = DatumGetObjectId(
    DirectFunctionCall1(oidin, CStringGetDatum(definition->tgargs[0])));
  task->rows = RelationGetDescr(trigger->tg_relation);
  task->compares_all = strcmp(definition->tgargs[2], "all") == 0;
  task->columns = palloc0((strlen(next) / 2 + 1) * sizeof(captured_column));
  while (*next != '\0' && task->count + 3 < definition->tgnargs) {
    captured_column* column = &task->columns[task->count++];
    column->source = (AttrNumber)strtol(next, &next, 10);
    column->from
      = column_of_table(trigger->tg_relation, task->source, column->source,
                        definition->tgargs[task->count + 2]);
    next += *next == ',';
  }
}

static captured_column* column_of_source(capture* task, AttrNumber source) {
  for (int i = 0; i < task->count; i++)
    if (task->columns[i].source == source)
      return &task->columns[i];
  return NULL;
}

// Values are copied as they are: what the buffer takes for another type would
// be read as one.
static void find_columns(capture* task) {
  TupleDesc buffer = buffer_columns(task->buffer);
  for (int i = 0; i < buffer->natts; i++) {
    Form_pg_attribute there = TupleDescAttr(buffer, i);
    captured_column* column;
    if (there->attisdropped || NameStr(there->attname)[0] != 'c')
      continue;
    column = column_of_source(
      task, (AttrNumber)strtol(NameStr(there->attname) + 1, NULL, 10));
    if (column == NULL || column->from == InvalidAttrNumber)
      continue;
    column->to = there->attnum;
    if (there->atttypid
        != TupleDescAttr(task->rows, column->from - 1)->atttypid)
      ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
              errmsg("column %d of table %u has another type than in its "
                     "change buffer",
                     column->source, task->source),
              errhint("Enable the event triggers of pg_trickle, and repeat the "
                      "ALTER TABLE."));
  }
  for (int i = 0; i < task->count; i++)
    if (task->columns[i].to == InvalidAttrNumber)
      task->columns[i].from = InvalidAttrNumber;
}

static void capture_row(capture* task, TupleTableSlot* from, int weight) {
  TupleTableSlot* row;
  if (task->buffer == NULL) {
    task->buffer = open_buffer(task->source);
    find_columns(task);
  }
  row = next_row(task->buffer);
  for (int i = 0; i < task->count; i++) {
    const captured_column* column = &task->columns[i];
    if (column->from == InvalidAttrNumber)
      continue;
    row->tts_values[column->to - 1]
      = slot_getattr(from, column->from, &row->tts_isnull[column->to - 1]);
  }
  add_row(task->buffer, weight);
}

// Bit by bit, so that a large value that was left alone is not even fetched.
static bool is_same(TupleTableSlot* old, TupleTableSlot* new,
                    AttrNumber column) {
  Form_pg_attribute type = TupleDescAttr(old->tts_tupleDescriptor, column - 1);
  bool old_is_null;
  bool new_is_null;
  Datum before = slot_getattr(old, column, &old_is_null);
  Datum after = slot_getattr(new, column, &new_is_null);
  if (old_is_null || new_is_null)
    return old_is_null && new_is_null;
  return datumIsEqual(before, after, type->attbyval, type->attlen);
}

static bool are_same(const capture* task, TupleTableSlot* old,
                     TupleTableSlot* new) {
  if (task->compares_all) {
    for (int i = 1; i <= task->rows->natts; i++)
      if (!is_same(old, new, (AttrNumber)i))
        return false;
    return true;
  }
  for (int i = 0; i < task->count; i++)
    if (task->columns[i].from != InvalidAttrNumber
        && !is_same(old, new, task->columns[i].from))
      return false;
  return true;
}

// Two equal rows of opposite weight cancel, whether they are one row or not.
static void capture_update(capture* task, TupleTableSlot* old,
                           TupleTableSlot* new) {
  if (!TupIsNull(old) && !TupIsNull(new) && are_same(task, old, new))
    return;
  if (!TupIsNull(old))
    capture_row(task, old, -1);
  if (!TupIsNull(new))
    capture_row(task, new, 1);
}

static TupleTableSlot* read_from_start(const capture* task,
                                       Tuplestorestate* rows) {
  if (rows == NULL)
    return NULL;
  tuplestore_select_read_pointer(
    rows, tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND));
  tuplestore_rescan(rows);
  return MakeSingleTupleTableSlot(task->rows, &TTSOpsMinimalTuple);
}

static bool read_next(Tuplestorestate* rows, TupleTableSlot* slot) {
  return rows != NULL && tuplestore_gettupleslot(rows, true, false, slot);
}

static void capture_statement(capture* task, const TriggerData* trigger) {
  TupleTableSlot* old = read_from_start(task, trigger->tg_oldtable);
  TupleTableSlot* new = read_from_start(task, trigger->tg_newtable);
  for (;;) {
    bool any_old = read_next(trigger->tg_oldtable, old);
    bool any_new = read_next(trigger->tg_newtable, new);
    if (!any_old && !any_new)
      break;
    capture_update(task, any_old ? old : NULL, any_new ? new : NULL);
  }
  if (old != NULL)
    ExecDropSingleTupleTableSlot(old);
  if (new != NULL)
    ExecDropSingleTupleTableSlot(new);
}

static void capture_one(capture* task, const TriggerData* trigger) {
  if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
    capture_row(task, trigger->tg_trigslot, 1);
  else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
    capture_row(task, trigger->tg_trigslot, -1);
  else
    capture_update(task, trigger->tg_trigslot, trigger->tg_newslot);
}

Datum pgtrickle_capture(PG_FUNCTION_ARGS) {
  const TriggerData* trigger = (const TriggerData*)fcinfo->context;
  capture task = {0};
  if (!CALLED_AS_TRIGGER(fcinfo))
    elog(ERROR, "pgtrickle._capture() is a trigger");
  read_arguments(&task, trigger);
  if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
    announce_truncation(task.source);
  else if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
    capture_one(&task, trigger);
  else
    capture_statement(&task, trigger);
  if (task.buffer != NULL)
    close_buffer(task.buffer);
  PG_RETURN_POINTER(NULL); // null as SQL knows it is an error here
}
