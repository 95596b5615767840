// The functions that refresh programs consist of. Each runs with the rights of
// whoever calls it, as the statement itself would.

#include "sql/stub/program_stack.h"
#include "sql/stub/stage.h"

#include <catalog/pg_type.h>
#include <utils/builtins.h>

#include <fmgr.h>

PG_FUNCTION_INFO_V1(pgtrickle_begin_program);
PG_FUNCTION_INFO_V1(pgtrickle_end_program);
PG_FUNCTION_INFO_V1(pgtrickle_stage);
PG_FUNCTION_INFO_V1(pgtrickle_stage_window);
PG_FUNCTION_INFO_V1(pgtrickle_run);
PG_FUNCTION_INFO_V1(pgtrickle_number);
PG_FUNCTION_INFO_V1(pgtrickle_weight);
PG_FUNCTION_INFO_V1(pgtrickle_cost);

static char* text_argument(FunctionCallInfo fcinfo, int position) {
  return text_to_cstring(PG_GETARG_TEXT_PP(position));
}

static program_statement statement_argument(FunctionCallInfo fcinfo,
                                            int position) {
  program_statement statement = {.text = text_argument(fcinfo, position),
                                 .keep = PG_GETARG_BOOL(position + 1)};
  return statement;
}

Datum pgtrickle_begin_program(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  begin_program();
  PG_RETURN_BOOL(true);
}

Datum pgtrickle_end_program(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  end_program();
  PG_RETURN_BOOL(true);
}

Datum pgtrickle_stage(PG_FUNCTION_ARGS) {
  const program_statement statement = statement_argument(fcinfo, 1);
  PG_RETURN_INT64(stage_rows(text_argument(fcinfo, 0), &statement));
}

// $1 to $4 of the statement: the first transaction that the frontier had not
// seen begin, those that it had not seen end, the one of the last refresh, and
// the places between which the new rows of each part of the buffer lie. Without
// the first the statement has no use for them, and is planned for this time.
Datum pgtrickle_stage_window(PG_FUNCTION_ARGS) {
  enum { first = 2, count = 4 };
  Oid types[count] = {XID8OID, XID8ARRAYOID, XID8OID, TIDARRAYOID};
  Datum values[count];
  char nulls[count];
  program_statement statement = {.text = text_argument(fcinfo, 1),
                                 .nargs = count,
                                 .types = types,
                                 .values = values,
                                 .nulls = nulls,
                                 .keep = !PG_ARGISNULL(first)};
  int i;
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
    PG_RETURN_INT64(0);
  for (i = 0; i < count; ++i) {
    values[i] = PG_GETARG_DATUM(first + i);
    nulls[i] = PG_ARGISNULL(first + i) ? 'n' : ' ';
  }
  PG_RETURN_INT64(stage_rows(text_argument(fcinfo, 0), &statement));
}

Datum pgtrickle_run(PG_FUNCTION_ARGS) {
  const program_statement statement = statement_argument(fcinfo, 0);
  PG_RETURN_INT64(run_statement(&statement));
}

Datum pgtrickle_number(PG_FUNCTION_ARGS) {
  const program_statement statement = statement_argument(fcinfo, 0);
  PG_RETURN_INT64(select_number(&statement));
}

Datum pgtrickle_weight(PG_FUNCTION_ARGS) {
  PG_RETURN_INT64(staged_weight(text_argument(fcinfo, 0), PG_GETARG_BOOL(1)));
}

Datum pgtrickle_cost(PG_FUNCTION_ARGS) {
  const program_statement statement = statement_argument(fcinfo, 0);
  PG_RETURN_FLOAT8(statement_cost(&statement));
}
