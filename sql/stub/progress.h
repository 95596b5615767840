#pragma once
// How far a snapshot, a restore or a verification is, for other sessions to
// see while its transaction is open: in the place that PostgreSQL has for the
// progress of a COPY, and that no statement of theirs uses.

#include "postgres.h"

// One row more. Parallel workers of the daemon count their own.
extern void count_row(void);

// So many rows are done, which are all.
extern void count_all(int64 total);

// All rows that were expected have been read, also by parallel workers, who are
// gone.
extern void count_rest(void);
