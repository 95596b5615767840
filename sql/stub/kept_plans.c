#include "sql/stub/kept_plans.h"

#include "sql/stub/plan_dependencies.h"

#include <access/relation.h>
#include <access/tupdesc.h>
#include <catalog/namespace.h>
#include <common/hashfn.h>
#include <lib/ilist.h>
#include <nodes/nodeFuncs.h>
#include <storage/bufmgr.h>
#include <storage/lmgr.h>
#include <tcop/tcopprot.h>
#include <utils/memutils.h>
#include <utils/rel.h>

#include <miscadmin.h>

// A plan takes 10 to 100 kB.
#define MOST_PLANS 1000

// PostgreSQL plans for a table that was never analysed as if it had ten pages.
#define FEW_PAGES 10
#define FEW_ROWS 16

// What the planner went by.
typedef struct table_size {
  Oid relation;
  BlockNumber pages;
} table_size;

typedef struct staged_size {
  char* name;
  TupleDesc columns;
  double rows;
} staged_size;

// Compared byte by byte: nothing lies between the fields.
typedef struct plan_key {
  uint64 statement;
  uint64 user;
} plan_key;

struct kept_plan {
  plan_key key;
  dlist_node used;
  // Holds all that follows.
  MemoryContext memory;
  char* statement;
  PlannedStmt* plan;
  bool valid;
  int users;
  int tables;
  table_size* table;
  int relations;
  staged_size* relation;
};

static HTAB* plans = NULL;
static dlist_head by_use = DLIST_STATIC_INIT(by_use);

// -- planning -----------------------------------------------------------------

static Query* analysed(const plan_request* request) {
  List* queries;
  List* statements = pg_parse_query(request->text);
  if (list_length(statements) != 1)
    ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
            errmsg("a program runs one statement at a time"));
  queries = pg_analyze_and_rewrite_fixedparams(
    linitial_node(RawStmt, statements), request->text, request->types,
    request->nargs, request->environment);
  if (list_length(queries) != 1
      || linitial_node(Query, queries)->commandType == CMD_UTILITY)
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("a program's statement is a SELECT, INSERT, UPDATE, DELETE "
                   "or MERGE that no rule rewrites"));
  return linitial_node(Query, queries);
}

static PlannedStmt* planned_query(Query* query, const char* text, int options) {
  PlannedStmt* plan;
  PushActiveSnapshot(GetTransactionSnapshot());
  plan = pg_plan_query(query, text, options, NULL);
  PopActiveSnapshot();
  return plan;
}

PlannedStmt* plan_once(const plan_request* request) {
  return planned_query(analysed(request), request->text,
                       CURSOR_OPT_PARALLEL_OK);
}

// -- sizes --------------------------------------------------------------------

static BlockNumber pages_of(Oid relid) {
  BlockNumber pages = 0;
  Relation relation = try_relation_open(relid, AccessShareLock);
  if (relation == NULL)
    return 0;
  if (RELKIND_HAS_STORAGE(relation->rd_rel->relkind))
    pages = RelationGetNumberOfBlocks(relation);
  relation_close(relation, NoLock);
  return pages;
}

static bool about_the_same(double a, double b, double few) {
  a = Max(a, few);
  b = Max(b, few);
  return a <= 2 * b && b <= 2 * a;
}

static bool fits(const kept_plan* kept, QueryEnvironment* environment) {
  int i;
  for (i = 0; i < kept->relations; ++i) {
    const staged_size* then = &kept->relation[i];
    const EphemeralNamedRelation now = get_ENR(environment, then->name);
    if (now == NULL || !equalTupleDescs(now->md.tupdesc, then->columns)
        || !about_the_same(now->md.enrtuples, then->rows, FEW_ROWS))
      return false;
  }
  for (i = 0; i < kept->tables; ++i)
    if (!about_the_same(pages_of(kept->table[i].relation), kept->table[i].pages,
                        FEW_PAGES))
      return false;
  return true;
}

static void note_tables(kept_plan* kept) {
  ListCell* cell;
  kept->table = palloc_array(table_size, list_length(kept->plan->relationOids));
  foreach (cell, kept->plan->relationOids) {
    table_size* size = &kept->table[kept->tables++];
    size->relation = lfirst_oid(cell);
    size->pages = pages_of(size->relation);
  }
}

static void note_relations(kept_plan* kept, QueryEnvironment* environment) {
  ListCell* cell;
  kept->relation = palloc_array(staged_size, list_length(kept->plan->rtable));
  foreach (cell, kept->plan->rtable) {
    const RangeTblEntry* entry = lfirst_node(RangeTblEntry, cell);
    EphemeralNamedRelation now;
    staged_size* size;
    if (entry->rtekind != RTE_NAMEDTUPLESTORE)
      continue;
    now = get_ENR(environment, entry->enrname);
    size = &kept->relation[kept->relations++];
    size->name = pstrdup(entry->enrname);
    size->columns = CreateTupleDescCopy(now->md.tupdesc);
    size->rows = now->md.enrtuples;
  }
}

// -- keeping ------------------------------------------------------------------

static void invalidate(void* plan) { ((kept_plan*)plan)->valid = false; }

static void invalidate_all(void) {
  dlist_iter at;
  dlist_foreach(at, &by_use) {
    dlist_container(kept_plan, used, at.cur)->valid = false;
  }
}

static void forget(kept_plan* kept) {
  MemoryContext memory = kept->memory;
  forget_dependencies(kept, kept->plan);
  dlist_delete(&kept->used);
  hash_search(plans, &kept->key, HASH_REMOVE, NULL);
  MemoryContextDelete(memory);
}

static void make_room(void) {
  dlist_mutable_iter at;
  if (hash_get_num_entries(plans) < MOST_PLANS)
    return;
  dlist_foreach_modify(at, &by_use) {
    kept_plan* oldest = dlist_container(kept_plan, used, at.cur);
    if (oldest->users > 0)
      continue;
    forget(oldest);
    return;
  }
}

static void create_plans(void) {
  HASHCTL control = {.keysize = sizeof(plan_key),
                     .entrysize = sizeof(kept_plan),
                     .hcxt = TopMemoryContext};
  watch_dependencies(invalidate, invalidate_all);
  plans = hash_create("pg_trickle kept plans", 64, &control,
                      HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

// Makes the key free. False: its plan is at work.
static bool displace(const plan_key* key) {
  kept_plan* former = hash_search(plans, key, HASH_FIND, NULL);
  if (former == NULL)
    return true;
  if (former->users > 0)
    return false;
  forget(former);
  return true;
}

// What may fail comes first: an entry is whole or not there.
static kept_plan* keep(const plan_key* key, const plan_request* request,
                       PlannedStmt* plan, uint64 seen) {
  kept_plan made = {.key = *key};
  kept_plan* kept;
  MemoryContext caller;
  made.memory = AllocSetContextCreate(
    CurrentMemoryContext, "pg_trickle kept plan", ALLOCSET_SMALL_SIZES);
  caller = MemoryContextSwitchTo(made.memory);
  made.statement = pstrdup(request->text);
  made.plan = copyObject(plan);
  note_tables(&made);
  note_relations(&made, request->environment);
  MemoryContextSwitchTo(caller);
  make_room();
  kept = hash_search(plans, key, HASH_ENTER, NULL);
  *kept = made;
  dlist_push_tail(&by_use, &kept->used);
  MemoryContextSetParent(made.memory, CacheMemoryContext);
  note_dependencies(kept, kept->plan);
  kept->valid = seen == changes_seen();
  return kept;
}

// A plan for one state of an index, or one role, is not kept.
static kept_plan* plan_and_keep(const plan_key* key,
                                const plan_request* request) {
  const uint64 seen = changes_seen();
  Query* query = analysed(request);
  PlannedStmt* plan;
  if (query->hasRowSecurity)
    return NULL;
  plan = planned_query(query, request->text, CURSOR_OPT_GENERIC_PLAN);
  // Functions that the planner evaluates may have kept a plan meanwhile.
  if (plan->transientPlan || plan->dependsOnRole || !displace(key))
    return NULL;
  return keep(key, request, plan, seen);
}

// What the locks bring to light may say that the plan is none any more.
static bool lock_tables(const kept_plan* kept) {
  ListCell* cell;
  foreach (cell, kept->plan->rtable) {
    const RangeTblEntry* entry = lfirst_node(RangeTblEntry, cell);
    if (entry->rtekind == RTE_RELATION)
      LockRelationOid(entry->relid, entry->rellockmode);
  }
  return kept->valid;
}

static plan_key key_of(const plan_request* request) {
  plan_key key;
  const char* path = namespace_search_path;
  memset(&key, 0, sizeof(key));
  key.statement = hash_combine64(
    hash_bytes_extended((const unsigned char*)request->text,
                        (int)strlen(request->text), 0),
    hash_bytes_extended((const unsigned char*)path, (int)strlen(path), 0));
  key.user = GetUserId();
  return key;
}

kept_plan* take_plan(const plan_request* request) {
  const plan_key key = key_of(request);
  kept_plan* kept;
  if (plans == NULL)
    create_plans();
  kept = hash_search(plans, &key, HASH_FIND, NULL);
  if (kept != NULL && strcmp(kept->statement, request->text) == 0 && kept->valid
      && lock_tables(kept) && fits(kept, request->environment)) {
    dlist_delete(&kept->used);
    dlist_push_tail(&by_use, &kept->used);
    return kept;
  }
  return displace(&key) ? plan_and_keep(&key, request) : NULL;
}

void begin_use(kept_plan* kept) { ++kept->users; }
void end_use(kept_plan* kept) { --kept->users; }
const PlannedStmt* planned(const kept_plan* kept) { return kept->plan; }
