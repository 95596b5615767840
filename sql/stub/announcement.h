#pragma once
// What writers tell in `touched`.

#include "postgres.h"

#include <access/transam.h>
#include <storage/block.h>

// In the order of the columns of pgtrickle_changes.touched.
typedef struct announcement {
  FullTransactionId xid;
  Oid source;
  // Of the change buffer: so many rows lie between these blocks.
  int16 part;
  bool truncated;
  int64 rows;
  BlockNumber first;
  BlockNumber last;
} announcement;

extern void announce(const announcement* news);
