#include "sql/stub/program_trace.h"

#include <lib/stringinfo.h>
#include <nodes/parsenodes.h>
#include <parser/parsetree.h>
#include <storage/proc.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/json.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>

// More are left out.
#define MOST_STATEMENTS 100

// Statements of one kind, in a loop or apart: with the text of neither.
typedef struct traced_statement {
  CmdType command;
  Oid relation;
  NameData staged;
  int64 microseconds;
  uint64 rows;
  int times;
} traced_statement;

static traced_statement traced[MOST_STATEMENTS];
static int traced_count = 0;
static LocalTransactionId traced_in = InvalidLocalTransactionId;
static bool is_told = false;
static bool is_recording = false;

void begin_trace(void) {
  is_recording = is_told || MyProc->lxid != traced_in;
  if (!is_recording)
    return;
  traced_in = MyProc->lxid;
  traced_count = 0;
  is_told = false;
}

static Oid written_by(const PlannedStmt* plan) {
  if (plan->resultRelations == NIL)
    return InvalidOid;
  return rt_fetch(linitial_int(plan->resultRelations), plan->rtable)->relid;
}

static traced_statement* find(const traced_statement* like) {
  int i;
  for (i = 0; i < traced_count; ++i)
    if (traced[i].command == like->command
        && traced[i].relation == like->relation
        && strcmp(NameStr(traced[i].staged), NameStr(like->staged)) == 0)
      return &traced[i];
  if (traced_count == MOST_STATEMENTS)
    return NULL;
  traced[traced_count] = *like;
  return &traced[traced_count++];
}

void trace_statement(const PlannedStmt* plan, const char* staged,
                     int64 microseconds, uint64 rows) {
  traced_statement ended
    = {.command = plan->commandType, .relation = written_by(plan)};
  traced_statement* sum;
  if (!is_recording)
    return;
  if (staged != NULL)
    namestrcpy(&ended.staged, staged);
  sum = find(&ended);
  if (sum == NULL)
    return;
  sum->microseconds += microseconds;
  sum->rows += rows;
  ++sum->times;
}

// -- what is told of it -------------------------------------------------------

static const char* verb(const traced_statement* statement) {
  switch (statement->command) {
    case CMD_INSERT:
      return "insert";
    case CMD_UPDATE:
      return "update";
    case CMD_DELETE:
      return "delete";
    case CMD_MERGE:
      return "merge";
    default:
      return NameStr(statement->staged)[0] != '\0' ? "stage" : "look up";
  }
}

static void append_name(StringInfo text, const traced_statement* statement) {
  const char* name = get_rel_name(statement->relation);
  if (name == NULL) {
    escape_json(text, NameStr(statement->staged));
    return;
  }
  escape_json(
    text, quote_qualified_identifier(
            get_namespace_name(get_rel_namespace(statement->relation)), name));
}

static void append(StringInfo text, const traced_statement* statement) {
  appendStringInfo(text, "{\"does\":\"%s\",\"name\":", verb(statement));
  append_name(text, statement);
  appendStringInfo(
    text, ",\"us\":" INT64_FORMAT ",\"rows\":" UINT64_FORMAT ",\"times\":%d}",
    statement->microseconds, statement->rows, statement->times);
}

static const char* show_last_program(void) {
  static StringInfoData text;
  int i;
  if (text.data == NULL) {
    MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
    initStringInfo(&text);
    MemoryContextSwitchTo(caller);
  }
  resetStringInfo(&text);
  if (MyProc->lxid != traced_in)
    return "[]";
  appendStringInfoChar(&text, '[');
  for (i = 0; i < traced_count; ++i) {
    if (i > 0)
      appendStringInfoChar(&text, ',');
    append(&text, &traced[i]);
  }
  appendStringInfoChar(&text, ']');
  is_told = true;
  return text.data;
}

void define_last_program(void) {
  static char* unused;
  DefineCustomStringVariable(
    "pg_trickle.last_program",
    "What the statements of this transaction's last refresh took.", NULL,
    &unused, "", PGC_INTERNAL,
    GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, NULL, NULL,
    show_last_program);
}
