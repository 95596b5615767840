#pragma once
// The parts of change buffers and of `touched`, as a writer finds them.

#include "postgres.h"

#include <storage/block.h>
#include <utils/relcache.h>

// What `touched` is called where a source's change buffer is asked for.
#define TOUCHED InvalidOid

// Opens the part of the buffer of `source` to write to: the first one that has
// fewer than `full` blocks and that nobody is emptying. Its lock is kept until
// the transaction ends: who gets the part's exclusive lock knows that nobody's
// rows are missing.
extern Relation open_part(Oid source, BlockNumber full, int16* part);
