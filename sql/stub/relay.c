#include "sql/stub/relay.h"

#include "sql/stub/deferral.h"
#include "sql/stub/exchange.h"
#include "sql/stub/methods.h"
#include "sql/stub/settings.h"

#include <common/jsonapi.h>
#include <mb/pg_wchar.h>
#include <utils/builtins.h>
#include <utils/jsonb.h>

#include <miscadmin.h>

PG_FUNCTION_INFO_V1(pgtrickle_relay);
PG_FUNCTION_INFO_V1(pgtrickle_version);
PG_FUNCTION_INFO_V1(pgtrickle_internal_refresh);

static void refuse_acting(const relayed_method* method) pg_attribute_noreturn();

static void refuse_acting(const relayed_method* method) {
  ereport(ERROR, errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
          errmsg("%s cannot run inside a transaction block, or after its "
                 "transaction has written",
                 method->name),
          errdetail("It runs in the daemon's own transaction, which does not "
                    "see what is not committed."),
          errhint("COMMIT first, then call it on its own."));
}

static Jsonb* parse_result(char* json) {
  JsonLexContext* lexer = makeJsonLexContextCstringLen(
    json, (int)strlen(json), GetDatabaseEncoding(), false);
  if (pg_parse_json(lexer, &nullSemAction) != JSON_SUCCESS)
    ereport(ERROR, errcode(ERRCODE_PROTOCOL_VIOLATION),
            errmsg("pgtrickled sent a result that is not JSON"));
  return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

Datum pgtrickle_relay(PG_FUNCTION_ARGS) {
  const relayed_method* method;
  Jsonb* arguments;

  if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
            errmsg("a call needs a method and arguments"));
  method = find_method(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  arguments = PG_GETARG_JSONB_P(1);
  check_arguments(method, arguments);
  if (method->kind != METHOD_READS) {
    PreventCommandDuringRecovery(method->name);
    PreventCommandIfReadOnly(method->name);
    if (in_transaction_to_commit()) {
      if (method->kind == METHOD_ACTS)
        refuse_acting(method);
      defer_definition(method, arguments);
      PG_RETURN_NULL();
    }
  }
  PG_RETURN_JSONB_P(parse_result(exchange_call(
    method->name, JsonbToCString(NULL, &arguments->root, VARSIZE(arguments)))));
}

Datum pgtrickle_version(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  PG_RETURN_TEXT_P(cstring_to_text(PGTRICKLE_VERSION));
}

Datum pgtrickle_internal_refresh(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  PG_RETURN_BOOL(setting_internal_refresh);
}
