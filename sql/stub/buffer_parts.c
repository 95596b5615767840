#include "sql/stub/buffer_parts.h"

#include <access/table.h>
#include <catalog/namespace.h>
#include <storage/bufmgr.h>
#include <storage/lmgr.h>
#include <utils/hsearch.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>

#define PARTS 2

// Looked up once in a session, not for each statement.
typedef struct known_parts {
  Oid source;
  Oid parts[PARTS];
  // Until it is emptied, of which the session learns as of any other DDL.
  bool first_is_full;
} known_parts;

static HTAB* known = NULL;

static void forget(Datum unused, Oid relation) {
  HASH_SEQ_STATUS all;
  known_parts* one;
  (void)unused;
  hash_seq_init(&all, known);
  while ((one = hash_seq_search(&all)) != NULL)
    for (int i = 0; i < PARTS; i++)
      if (relation == InvalidOid || one->parts[i] == relation) {
        one->parts[i] = InvalidOid;
        one->first_is_full = false;
      }
}

static known_parts* parts_of(Oid source) {
  bool is_known;
  known_parts* one;
  if (known == NULL) {
    HASHCTL sizes = {.keysize = sizeof(Oid), .entrysize = sizeof(known_parts)};
    known = hash_create("pg_trickle change buffers", 16, &sizes,
                        HASH_ELEM | HASH_BLOBS);
    CacheRegisterRelcacheCallback(forget, (Datum)0);
  }
  one = hash_search(known, &source, HASH_ENTER, &is_known);
  if (!is_known)
    *one = (known_parts){.source = source};
  return one;
}

static Oid look_up(Oid source, int part) {
  char name[NAMEDATALEN];
  Oid relid;
  if (source == TOUCHED)
    snprintf(name, sizeof(name), "touched_%d", part);
  else
    snprintf(name, sizeof(name), "changes_%u_%d", source, part);
  relid
    = get_relname_relid(name, get_namespace_oid("pgtrickle_changes", false));
  if (!OidIsValid(relid))
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
            errmsg("pgtrickle_changes.%s does not exist", name),
            errhint("Drop the triggers pgt_capture_* of the table, then call "
                    "pgtrickle.resume_stream_table() for its stream tables."));
  return relid;
}

// Locks the part before its number is trusted: with the lock comes the news of
// what was dropped.
static Oid lock_part(known_parts* one, int part, bool waits) {
  for (;;) {
    Oid relid = one->parts[part];
    if (!OidIsValid(relid))
      relid = look_up(one->source, part);
    if (waits)
      LockRelationOid(relid, RowExclusiveLock);
    else if (!ConditionalLockRelationOid(relid, RowExclusiveLock))
      return InvalidOid;
    if (one->parts[part] == relid)
      return relid;
    one->parts[part] = relid;
    // Looked up without a lock: again, now that nobody can drop it.
    if (look_up(one->source, part) == relid)
      return relid;
    one->parts[part] = InvalidOid;
    UnlockRelationOid(relid, RowExclusiveLock);
  }
}

// Where this session wrote last is a block that exists, and asks no system
// call.
static bool is_full(Relation part, BlockNumber full) {
  BlockNumber last = RelationGetTargetBlock(part);
  if (last == InvalidBlockNumber)
    return RelationGetNumberOfBlocks(part) >= full;
  return last + 1 >= full;
}

static Relation open_first_part(known_parts* one, BlockNumber full) {
  Relation relation;
  Oid relid = one->first_is_full ? InvalidOid : lock_part(one, 0, false);
  if (!OidIsValid(relid))
    return NULL;
  relation = table_open(relid, NoLock);
  if (!is_full(relation, full))
    return relation;
  one->first_is_full = true;
  table_close(relation, RowExclusiveLock);
  return NULL;
}

Relation open_part(Oid source, BlockNumber full, int16* part) {
  known_parts* const one = parts_of(source);
  Relation relation = open_first_part(one, full);
  *part = relation == NULL ? 1 : 0;
  return relation != NULL ? relation
                          : table_open(lock_part(one, 1, true), NoLock);
}
