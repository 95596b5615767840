#pragma once

#include "postgres.h"

#include <nodes/parsenodes.h>

// The query with what a subquery reads of a column that a FULL JOIN of a query
// around it merges in terms of both sides. PostgreSQL writes such a reference
// without a qualifier (pg_get_viewdef), and reads it as another column then.
extern Query* with_join_aliases_spelt_out(Query* query);
