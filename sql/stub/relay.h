#pragma once
// The functions that SQL calls.

#include "postgres.h"

#include <fmgr.h>

// _relay(method text, arguments jsonb) returns jsonb
extern Datum pgtrickle_relay(PG_FUNCTION_ARGS);

// version() returns text
extern Datum pgtrickle_version(PG_FUNCTION_ARGS);

// _internal_refresh() returns boolean
extern Datum pgtrickle_internal_refresh(PG_FUNCTION_ARGS);
