// A query as PostgreSQL reads it: the columns that it has, and a view over it.

#include "sql/stub/join_aliases.h"

#include <access/xact.h>
#include <catalog/heap.h>
#include <catalog/pg_class.h>
#include <commands/tablecmds.h>
#include <commands/view.h>
#include <nodes/makefuncs.h>
#include <nodes/nodeFuncs.h>
#include <parser/analyze.h>
#include <tcop/tcopprot.h>
#include <utils/acl.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/tuplestore.h>

#include <fmgr.h>
#include <funcapi.h>
#include <miscadmin.h>

PG_FUNCTION_INFO_V1(pgtrickle_described);
PG_FUNCTION_INFO_V1(pgtrickle_create_view);

// A position in an error is one in the query, not in the statement that calls.
static void name_query(void* query) {
  const int position = geterrposition();
  if (position > 0) {
    errposition(0);
    internalerrposition(position);
    internalerrquery(query);
  }
}

static Query* read_select(const char* query) {
  List* statements = pg_parse_query(query);
  RawStmt* statement
    = list_length(statements) == 1 ? linitial_node(RawStmt, statements) : NULL;
  Query* result;
  if (statement == NULL || !IsA(statement->stmt, SelectStmt)
      || ((SelectStmt*)statement->stmt)->intoClause != NULL)
    ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
            errmsg("a defining query is exactly one SELECT"),
            errhint("Give one SELECT statement, without INTO."));
  result = parse_analyze_fixedparams(statement, query, NULL, 0, NULL);
  if (result->hasModifyingCTE)
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("a defining query can't contain data-modifying statements "
                   "in WITH"));
  return with_join_aliases_spelt_out(result);
}

// Merely reading a query may run its author's code (a constant of a composite
// type is checked by its domains). It gets his rights and can't take others,
// can't leave triggers behind for the COMMIT, and what it sets is undone.
static Query* read_as(Oid reader, char* query) {
  ErrorContextCallback callback = {error_context_stack, name_query, query};
  Oid user;
  int context;
  int level;
  Query* result;
  check_is_member_of_role(GetUserId(), reader);
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(reader, context | SECURITY_LOCAL_USERID_CHANGE
                                   | SECURITY_RESTRICTED_OPERATION);
  level = NewGUCNestLevel();
  error_context_stack = &callback;
  result = read_select(query);
  error_context_stack = callback.previous;
  AtEOXact_GUC(false, level);
  SetUserIdAndSecContext(user, context);
  return result;
}

static List* columns_of(const Query* query) {
  List* columns = NIL;
  ListCell* cell;
  foreach (cell, query->targetList) {
    const TargetEntry* output = lfirst_node(TargetEntry, cell);
    Node* value = (Node*)output->expr;
    if (!output->resjunk)
      columns = lappend(columns,
                        makeColumnDef(output->resname, exprType(value),
                                      exprTypmod(value), exprCollation(value)));
  }
  return columns;
}

// As over a view: a type without values, or a collation that PostgreSQL can't
// decide on, is an error.
static void put_row(ReturnSetInfo* rows, const ColumnDef* column) {
  Oid type = column->typeName->typeOid;
  bool nulls[3] = {false, false, false};
  Datum values[3]
    = {ObjectIdGetDatum(type), Int32GetDatum(column->typeName->typemod),
       ObjectIdGetDatum(column->collOid)};
  CheckAttributeType(column->colname, type, column->collOid, NIL, 0);
  tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

Datum pgtrickle_described(PG_FUNCTION_ARGS) {
  Query* query
    = read_as(PG_GETARG_OID(1), text_to_cstring(PG_GETARG_TEXT_PP(0)));
  ListCell* cell;
  InitMaterializedSRF(fcinfo, 0);
  foreach (cell, columns_of(query))
    put_row((ReturnSetInfo*)fcinfo->resultinfo, lfirst_node(ColumnDef, cell));
  return (Datum)0;
}

// CREATE VIEW would read the query with the rights that it creates with.
Datum pgtrickle_create_view(PG_FUNCTION_ARGS) {
  char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
  Query* query
    = read_as(PG_GETARG_OID(2), text_to_cstring(PG_GETARG_TEXT_PP(1)));
  CreateStmt* view = makeNode(CreateStmt);
  ObjectAddress created;
  view->relation = makeRangeVar(NULL, name, -1);
  view->relation->relpersistence = RELPERSISTENCE_TEMP;
  view->tableElts = columns_of(query);
  view->oncommit = ONCOMMIT_NOOP;
  created = DefineRelation(view, RELKIND_VIEW, InvalidOid, NULL, NULL);
  CommandCounterIncrement();
  StoreViewQuery(created.objectId, query, false);
  PG_RETURN_VOID();
}
