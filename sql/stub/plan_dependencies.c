#include "sql/stub/plan_dependencies.h"

#include <utils/hsearch.h>
#include <utils/inval.h>
#include <utils/memutils.h>
#include <utils/syscache.h>

// A table by its oid (`cache` is -1), or an entry of a system cache by its
// hash.
typedef struct dependency_key {
  int cache;
  uint32 value;
} dependency_key;

typedef struct dependency {
  dependency_key key;
  List* plans;
} dependency;

enum { tables = -1 };

static HTAB* dependencies = NULL;
static void (*invalidate_one)(void* plan) = NULL;
static void (*invalidate_all)(void) = NULL;
static uint64 seen = 0;

uint64 changes_seen(void) { return seen; }

static void invalidate(int cache, uint32 value) {
  const dependency_key key = {cache, value};
  const dependency* found = hash_search(dependencies, &key, HASH_FIND, NULL);
  ListCell* cell;
  if (found != NULL)
    foreach (cell, found->plans)
      invalidate_one(lfirst(cell));
}

static void table_changed(Datum unused, Oid relation) {
  (void)unused;
  ++seen;
  if (OidIsValid(relation))
    invalidate(tables, relation);
  else
    invalidate_all();
}

static void object_changed(Datum unused, int cache, uint32 value) {
  (void)unused;
  ++seen;
  if (value != 0)
    invalidate(cache, value);
  else
    invalidate_all();
}

static void anything_changed(Datum unused, int cache, uint32 value) {
  (void)unused;
  (void)cache;
  (void)value;
  ++seen;
  invalidate_all();
}

// The caches are those that PostgreSQL's plan cache watches (plancache.c).
void watch_dependencies(void (*one)(void* plan), void (*all)(void)) {
  const int others[] = {NAMESPACEOID, OPEROID, AMOPOPID, FOREIGNSERVEROID,
                        FOREIGNDATAWRAPPEROID};
  HASHCTL control = {.keysize = sizeof(dependency_key),
                     .entrysize = sizeof(dependency),
                     .hcxt = TopMemoryContext};
  size_t i;
  dependencies = hash_create("pg_trickle plan dependencies", 256, &control,
                             HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  invalidate_one = one;
  invalidate_all = all;
  CacheRegisterRelcacheCallback(table_changed, (Datum)0);
  CacheRegisterSyscacheCallback(PROCOID, object_changed, (Datum)0);
  CacheRegisterSyscacheCallback(TYPEOID, object_changed, (Datum)0);
  for (i = 0; i < lengthof(others); ++i)
    CacheRegisterSyscacheCallback(others[i], anything_changed, (Datum)0);
}

static void note(void* plan, int cache, uint32 value) {
  const dependency_key key = {cache, value};
  bool found;
  dependency* noted = hash_search(dependencies, &key, HASH_ENTER, &found);
  MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
  if (!found)
    noted->plans = NIL;
  noted->plans = list_append_unique_ptr(noted->plans, plan);
  MemoryContextSwitchTo(caller);
}

static void drop(void* plan, int cache, uint32 value) {
  const dependency_key key = {cache, value};
  dependency* noted = hash_search(dependencies, &key, HASH_FIND, NULL);
  if (noted == NULL)
    return;
  noted->plans = list_delete_ptr(noted->plans, plan);
  if (noted->plans == NIL)
    hash_search(dependencies, &key, HASH_REMOVE, NULL);
}

static void for_each_dependency(const PlannedStmt* of, void* plan,
                                void (*act)(void* plan, int cache,
                                            uint32 value)) {
  ListCell* cell;
  foreach (cell, of->relationOids)
    act(plan, tables, lfirst_oid(cell));
  foreach (cell, of->invalItems) {
    const PlanInvalItem* item = lfirst_node(PlanInvalItem, cell);
    act(plan, item->cacheId, item->hashValue);
  }
}

void note_dependencies(void* plan, const PlannedStmt* of) {
  for_each_dependency(of, plan, note);
}

void forget_dependencies(void* plan, const PlannedStmt* of) {
  for_each_dependency(of, plan, drop);
}
