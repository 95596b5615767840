#include "sql/stub/pending_calls.h"

#include "sql/stub/caller.h"

#include <catalog/pg_type.h>
#include <commands/async.h>
#include <executor/spi.h>
#include <utils/builtins.h>
#include <utils/guc.h>

#include <miscadmin.h>

// Everything is qualified, operators too: these run as the extension's owner
// under the caller's search_path.
static const char* const find_statement
  = "SELECT method FROM pgtrickle.pending_calls"
    " WHERE failed_at IS NULL"
    " AND (arguments OPERATOR(pg_catalog.->>) 'name')"
    "     OPERATOR(pg_catalog.=) $1"
    " ORDER BY call_id DESC LIMIT 1";
static const char* const creations_statement
  = "SELECT c.arguments OPERATOR(pg_catalog.->>) 'name',"
    "       c.arguments OPERATOR(pg_catalog.->>) 'query', c.search_path"
    " FROM pgtrickle.pending_calls c"
    " WHERE c.failed_at IS NULL AND c.role OPERATOR(pg_catalog.=) $1"
    " AND pg_catalog.starts_with(c.method, 'create_')"
    " AND NOT EXISTS (SELECT FROM pgtrickle.pending_calls d"
    "   WHERE d.call_id OPERATOR(pg_catalog.>) c.call_id"
    "   AND d.method OPERATOR(pg_catalog.=) 'drop_stream_table'"
    "   AND (d.arguments OPERATOR(pg_catalog.->>) 'name')"
    "       OPERATOR(pg_catalog.=)"
    "       (c.arguments OPERATOR(pg_catalog.->>) 'name'))"
    " ORDER BY c.call_id";
static const char* const record_statement
  = "INSERT INTO pgtrickle.pending_calls"
    " (method, arguments, role, search_path) VALUES ($1,"
    " pg_catalog.jsonb_set($2, '{name}', pg_catalog.to_jsonb($3)), $4, $5)";
static const char* const stream_table_statement
  = "SELECT FROM pgtrickle.pgt_stream_tables"
    " WHERE pgt_relid OPERATOR(pg_catalog.=) $1";

// An error restores the role with the transaction.
static void execute_as_owner(const char* statement, int count, Oid* types,
                             Datum* values) {
  Oid caller_role;
  int caller_context;
  GetUserIdAndSecContext(&caller_role, &caller_context);
  SetUserIdAndSecContext(extension_owner(),
                         caller_context | SECURITY_LOCAL_USERID_CHANGE);
  SPI_execute_with_args(statement, count, types, values, NULL, false, 0);
  SetUserIdAndSecContext(caller_role, caller_context);
}

pending_state find_pending(const char* name) {
  pending_state state = PENDING_NOTHING;
  Datum value = CStringGetTextDatum(name);
  Oid type = TEXTOID;

  SPI_connect();
  execute_as_owner(find_statement, 1, &type, &value);
  if (SPI_processed > 0) {
    const char* method
      = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
    if (strcmp(method, "drop_stream_table") == 0)
      state = PENDING_DROP;
    else if (strncmp(method, "create_", strlen("create_")) == 0)
      state = PENDING_CREATION;
  }
  SPI_finish();
  return state;
}

static char* copied_value(MemoryContext context, uint64 row, int column) {
  return MemoryContextStrdup(
    context,
    SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column));
}

List* find_pending_creations(void) {
  MemoryContext context = CurrentMemoryContext;
  Datum role = CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
  Oid type = TEXTOID;
  List* creations = NIL;

  SPI_connect();
  execute_as_owner(creations_statement, 1, &type, &role);
  for (uint64 row = 0; row < SPI_processed; row++) {
    MemoryContext before = MemoryContextSwitchTo(context);
    pending_creation* creation = palloc(sizeof(pending_creation));
    creation->name = copied_value(context, row, 1);
    creation->query = copied_value(context, row, 2);
    creation->search_path = copied_value(context, row, 3);
    creations = lappend(creations, creation);
    MemoryContextSwitchTo(before);
  }
  SPI_finish();
  return creations;
}

void record_pending(const char* method, Jsonb* arguments, const char* name) {
  Oid types[] = {TEXTOID, JSONBOID, TEXTOID, TEXTOID, TEXTOID};
  Datum values[] = {
    CStringGetTextDatum(method),
    JsonbPGetDatum(arguments),
    CStringGetTextDatum(name),
    CStringGetTextDatum(GetUserNameFromId(GetUserId(), false)),
    CStringGetTextDatum(GetConfigOption("search_path", false, false)),
  };
  SPI_connect();
  execute_as_owner(record_statement, lengthof(types), types, values);
  SPI_finish();
  Async_Notify("pgtrickle_calls", "");
}

bool is_stream_table(Oid relation) {
  Datum value = ObjectIdGetDatum(relation);
  Oid type = OIDOID;
  bool found;

  SPI_connect();
  execute_as_owner(stream_table_statement, 1, &type, &value);
  found = SPI_processed > 0;
  SPI_finish();
  return found;
}
