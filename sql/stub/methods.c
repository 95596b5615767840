#include "sql/stub/methods.h"

#include <nodes/pg_list.h>
#include <nodes/value.h>
#include <parser/parse_func.h>
#include <utils/acl.h>

#include <miscadmin.h>

#define MAX_QUERY_BYTES (1024 * 1024)

static const relayed_method methods[] = {
#define RELAYED_METHOD(name, kind, ...) {#name, METHOD_##kind, {__VA_ARGS__}},
#include "sql/methods.def"
};

// Without this, the relay would be a way around a REVOKE on the function.
static void check_may_execute(const char* name) {
  Oid function = LookupFuncName(
    list_make2(makeString("pgtrickle"), makeString(pstrdup(name))), -1, NULL,
    false);
  AclResult permission = pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE);
  if (permission != ACLCHECK_OK)
    aclcheck_error(permission, OBJECT_FUNCTION, name);
}

const relayed_method* find_method(const char* name) {
  for (size_t i = 0; i < lengthof(methods); i++) {
    if (strcmp(methods[i].name, name) != 0)
      continue;
    check_may_execute(name);
    return &methods[i];
  }
  ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
          errmsg("\"%s\" is not a call to pgtrickled", name));
}

static bool find_argument(Jsonb* arguments, const char* name,
                          JsonbValue* value) {
  return getKeyJsonValueFromContainer(&arguments->root, name, (int)strlen(name),
                                      value)
           != NULL
         && value->type != jbvNull;
}

void check_arguments(const relayed_method* method, Jsonb* arguments) {
  JsonbValue value;

  if (!JB_ROOT_IS_OBJECT(arguments))
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("the arguments of %s are not a JSON object", method->name));
  for (const char* const* name = method->required; *name != NULL; name++)
    if (!find_argument(arguments, *name, &value))
      ereport(
        ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
        errmsg("argument \"%s\" of %s must not be null", *name, method->name),
        strcmp(*name, "schedule") == 0
          ? errhint("Give 'calculated' to let the downstream tables "
                    "determine the schedule.")
          : 0);
  if (find_argument(arguments, "query", &value) && value.type == jbvString
      && value.val.string.len > MAX_QUERY_BYTES)
    ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("the defining query has %d bytes, and the limit is %d",
                   value.val.string.len, MAX_QUERY_BYTES),
            errhint("Put parts of the query into views."));
}

char* text_argument(Jsonb* arguments, const char* name) {
  JsonbValue value;
  if (!find_argument(arguments, name, &value))
    return NULL;
  if (value.type != jbvString)
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("argument \"%s\" is not a text", name));
  return pnstrdup(value.val.string.val, value.val.string.len);
}
