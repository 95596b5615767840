#pragma once
// Plans that a session keeps: the statements of refresh programs are the same
// in every refresh, and planning one takes longer than running it on a few
// rows.

#include "postgres.h"

#include <executor/spi.h>
#include <utils/queryenvironment.h>

typedef struct kept_plan kept_plan;

/// Finds a staged relation by its name; null if there is none.
typedef EphemeralNamedRelation (*relation_finder)(const char* name);

/// The plan of `statement` (SPI is connected), made for tables and staged
/// relations of about the present sizes, or made now. It stays until another
/// 1,000 were used since, in this session. Null: the one that is there is at
/// work and doesn't fit.
kept_plan* take_plan(const char* statement, int nargs, Oid* types,
                     relation_finder staged);

/// Keeps the plan from being replaced while it runs.
void begin_use(kept_plan* plan);
void end_use(kept_plan* plan);

SPIPlanPtr spi_plan(const kept_plan* plan);
