#pragma once

#include "postgres.h"

// Checks that `query` is one SELECT that the caller could run, and a stream
// table `name` could hold, in the caller's own session and without running it.
// `name` is null for a table that exists already.
extern void check_query(const char* name, const char* query);
