#pragma once
// How far a snapshot, a restore or a verification is, for other sessions to
// see while its transaction is open: in the place that PostgreSQL has for the
// progress of a COPY, and that no statement of theirs uses.

#include "postgres.h"

// One row more. Parallel workers of the daemon count their own.
extern void count_row(void);

// All rows have been read, also by parallel workers, who are gone.
extern void count_rest(void);
