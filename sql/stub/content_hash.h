#pragma once
// The hash of a row, whose sum over a relation's rows is the hash of its
// content.

#include "postgres.h"

#include <access/tupdesc.h>

typedef struct row_hasher row_hasher;

// Hashes rows of `row`, which it goes on using. It lives in the current memory
// context.
extern row_hasher* new_row_hasher(TupleDesc row);

// What it allocates is left in the current memory context.
extern uint64 hash_of_row(row_hasher* known, const Datum* values,
                          const bool* nulls);

// The sum as it is shown: 16 hexadecimal digits.
extern text* content_hash_text(uint64 sum);
