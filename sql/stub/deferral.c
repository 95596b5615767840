#include "sql/stub/deferral.h"

#include "sql/stub/caller.h"
#include "sql/stub/pending_calls.h"
#include "sql/stub/query_check.h"

#include <access/xact.h>
#include <catalog/namespace.h>
#include <catalog/pg_type.h>
#include <nodes/makefuncs.h>
#include <utils/acl.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/varlena.h>

#include <miscadmin.h>

// The name of a stream table as its definition gives it.
typedef struct target {
  Oid schema;
  // InvalidOid: no relation has the name.
  Oid relation;
  // Quoted and qualified.
  char* name;
} target;

bool in_transaction_to_commit(void) {
  return IsTransactionBlock() || IsSubTransaction()
         || TransactionIdIsValid(GetTopTransactionIdIfAny());
}

static RangeVar* parse_name(const char* name) {
  return makeRangeVarFromNameList(
    textToQualifiedNameList(cstring_to_text(name)));
}

// Where a new table of this name would go.
static target find_place(const char* name) {
  RangeVar* parsed = parse_name(name);
  target place;
  place.schema = RangeVarGetCreationNamespace(parsed);
  if (isAnyTempNamespace(place.schema))
    ereport(ERROR, errcode(ERRCODE_INVALID_TABLE_DEFINITION),
            errmsg("stream table %s cannot be temporary", name));
  place.relation = get_relname_relid(parsed->relname, place.schema);
  place.name = quote_qualified_identifier(get_namespace_name(place.schema),
                                          parsed->relname);
  return place;
}

// The relation that the name means, or where it would be.
static target find_target(const char* name) {
  RangeVar* parsed = parse_name(name);
  Oid relation = RangeVarGetRelid(parsed, NoLock, true);
  target found;
  if (!OidIsValid(relation))
    return find_place(name);
  found.schema = get_rel_namespace(relation);
  found.relation = relation;
  found.name = quote_qualified_identifier(get_namespace_name(found.schema),
                                          get_rel_name(relation));
  return found;
}

static void check_may_create(const target* place) {
  AclResult permission
    = pg_namespace_aclcheck(place->schema, GetUserId(), ACL_CREATE);
  if (permission != ACLCHECK_OK)
    aclcheck_error(permission, OBJECT_SCHEMA,
                   get_namespace_name(place->schema));
}

static void check_is_free(const target* place, pending_state pending) {
  if (pending == PENDING_CREATION
      || (OidIsValid(place->relation) && pending != PENDING_DROP))
    ereport(ERROR, errcode(ERRCODE_DUPLICATE_TABLE),
            errmsg("relation %s already exists", place->name),
            errhint("Choose another name, or drop the relation first."));
}

static void check_exists(const target* found, pending_state pending) {
  if (pending == PENDING_CREATION)
    return;
  if (pending == PENDING_DROP || !OidIsValid(found->relation)
      || !is_stream_table(found->relation))
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
            errmsg("stream table %s does not exist", found->name),
            errhint("pgtrickle.pgt_status() lists the stream tables."));
  if (!pg_class_ownercheck(found->relation, GetUserId()))
    aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, found->name);
}

static bool creates(const relayed_method* method) {
  return strncmp(method->name, "create_", strlen("create_")) == 0;
}

static target check_definition(const relayed_method* method, const char* name) {
  if (creates(method)) {
    target place = find_place(name);
    check_may_create(&place);
    if (strcmp(method->name, "create_stream_table") == 0)
      check_is_free(&place, find_pending(place.name));
    return place;
  }
  target found = find_target(name);
  check_exists(&found, find_pending(found.name));
  return found;
}

void defer_definition(const relayed_method* method, Jsonb* arguments) {
  char* query = text_argument(arguments, "query");
  target subject = check_definition(method, text_argument(arguments, "name"));
  if (query != NULL)
    check_query(creates(method) ? subject.name : NULL, query);
  record_pending(method->name, arguments, subject.name);
  ereport(
    NOTICE,
    errmsg("%s of %s is carried out after COMMIT", method->name, subject.name),
    errdetail("Until then, and if it fails, pgtrickle.pending_calls() "
              "shows it."));
}
