#include "sql/stub/query_check.h"

#include "sql/stub/pending_calls.h"

#include <access/xact.h>
#include <catalog/namespace.h>
#include <executor/spi.h>
#include <nodes/makefuncs.h>
#include <nodes/parsenodes.h>
#include <tcop/tcopprot.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/regproc.h>
#include <utils/resowner.h>

// As often a check begins anew.
#define MOST_OVERTAKEN 10

static void check_is_one_select(const char* query) {
  List* statements = pg_parse_query(query);
  Node* statement = list_length(statements) == 1
                      ? linitial_node(RawStmt, statements)->stmt
                      : NULL;
  if (statement == NULL || !IsA(statement, SelectStmt)
      || ((SelectStmt*)statement)->intoClause != NULL)
    ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
            errmsg("a defining query is exactly one SELECT"),
            errhint("Give one SELECT statement, without INTO."));
}

// Planning checks names and types, starting the plan checks permissions.
static void explain(const char* query) {
  SPI_connect();
  SPI_execute(psprintf("EXPLAIN (COSTS OFF) %s", query), false, 0);
  SPI_finish();
}

static void use_search_path(const char* search_path) {
  (void)set_config_option("search_path", search_path, PGC_USERSET,
                          PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

static bool relation_exists(const char* name) {
  RangeVar* parsed = makeRangeVarFromNameList(stringToQualifiedNameList(name));
  return OidIsValid(RangeVarGetRelid(parsed, NoLock, true));
}

// Lets later queries of the same migration read a stream table to come; and
// finds out whether a table can have the query's columns.
static void create_stand_in(const pending_creation* creation) {
  if (relation_exists(creation->name))
    return;
  use_search_path(creation->search_path);
  SPI_connect();
  SPI_execute(psprintf("CREATE VIEW %s AS %s", creation->name, creation->query),
              false, 0);
  SPI_finish();
}

static void explain_beside(const char* query, List* creations) {
  char* search_path = pstrdup(GetConfigOption("search_path", false, false));
  ListCell* cell;
  foreach (cell, creations)
    create_stand_in(lfirst(cell));
  use_search_path(search_path);
  explain(query);
}

// Whether somebody else has just created a relation under the same name.
static bool was_overtaken(const ErrorData* error) {
  return error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION
         && error->constraint_name != NULL
         && (strcmp(error->constraint_name, "pg_class_relname_nsp_index") == 0
             || strcmp(error->constraint_name, "pg_type_typname_nsp_index")
                  == 0);
}

// The stand-ins live in a subtransaction that is always rolled back. Returns
// the error that ended it, or NULL.
static ErrorData* explain_in_subtransaction(const char* query,
                                            List* creations) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  ErrorData* volatile error = NULL;

  BeginInternalSubTransaction(NULL);
  MemoryContextSwitchTo(context);
  PG_TRY();
  { explain_beside(query, creations); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    error = CopyErrorData();
    FlushErrorState();
  }
  PG_END_TRY();
  RollbackAndReleaseCurrentSubTransaction();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  return error;
}

void check_query(const char* name, const char* query) {
  ErrorData* error;
  List* creations = find_pending_creations();
  check_is_one_select(query);
  if (name != NULL) {
    pending_creation* own = palloc(sizeof(pending_creation));
    own->name = (char*)name;
    own->query = (char*)query;
    own->search_path = pstrdup(GetConfigOption("search_path", false, false));
    creations = lappend(creations, own);
  }
  error = explain_in_subtransaction(query, creations);
  // The daemon was creating the very table whose stand-in this was: there it
  // is.
  for (int i = 0; i < MOST_OVERTAKEN && error != NULL && was_overtaken(error);
       i++)
    error = explain_in_subtransaction(query, creations);
  if (error != NULL)
    ReThrowError(error);
}
