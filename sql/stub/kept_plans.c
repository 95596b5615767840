#include "sql/stub/kept_plans.h"

#include <access/relation.h>
#include <access/tupdesc.h>
#include <common/hashfn.h>
#include <lib/ilist.h>
#include <nodes/plannodes.h>
#include <storage/bufmgr.h>
#include <utils/memutils.h>
#include <utils/plancache.h>
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

typedef struct plan_key {
  uint64 statement;
  Oid user;
  int32 nargs;
} plan_key;

struct kept_plan {
  plan_key key;
  dlist_node used;
  char* statement;
  SPIPlanPtr plan;
  int users;
  // Whether the rest is filled in.
  bool measured;
  MemoryContext sizes;
  int tables;
  table_size* table;
  int relations;
  staged_size* relation;
};

static HTAB* plans = NULL;
static dlist_head by_use = DLIST_STATIC_INIT(by_use);

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

static bool fits(const kept_plan* kept, relation_finder staged) {
  int i;
  if (!kept->measured)
    return false;
  for (i = 0; i < kept->relations; ++i) {
    const staged_size* then = &kept->relation[i];
    EphemeralNamedRelation now = staged(then->name);
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

static void note_tables(kept_plan* kept, const PlannedStmt* planned) {
  ListCell* cell;
  kept->table = palloc_array(table_size, list_length(planned->relationOids));
  kept->tables = 0;
  foreach (cell, planned->relationOids) {
    table_size* size = &kept->table[kept->tables++];
    size->relation = lfirst_oid(cell);
    size->pages = pages_of(size->relation);
  }
}

static void note_relations(kept_plan* kept, const PlannedStmt* planned,
                           relation_finder staged) {
  ListCell* cell;
  kept->relation = palloc_array(staged_size, list_length(planned->rtable));
  kept->relations = 0;
  foreach (cell, planned->rtable) {
    const RangeTblEntry* entry = lfirst_node(RangeTblEntry, cell);
    EphemeralNamedRelation now;
    staged_size* size;
    if (entry->rtekind != RTE_NAMEDTUPLESTORE)
      continue;
    now = staged(entry->enrname);
    size = &kept->relation[kept->relations++];
    size->name = pstrdup(entry->enrname);
    size->columns = CreateTupleDescCopy(now->md.tupdesc);
    size->rows = now->md.enrtuples;
  }
}

static void note_sizes(kept_plan* kept, relation_finder staged) {
  CachedPlan* cached = SPI_plan_get_cached_plan(kept->plan);
  MemoryContext caller;
  const PlannedStmt* planned;
  if (cached == NULL)
    return;
  planned = linitial_node(PlannedStmt, cached->stmt_list);
  kept->sizes = AllocSetContextCreate(
    TopMemoryContext, "pg_trickle kept plan's sizes", ALLOCSET_SMALL_SIZES);
  caller = MemoryContextSwitchTo(kept->sizes);
  note_tables(kept, planned);
  note_relations(kept, planned, staged);
  kept->measured = true;
  MemoryContextSwitchTo(caller);
  ReleaseCachedPlan(cached, CurrentResourceOwner);
}

// -- keeping ------------------------------------------------------------------

static void forget(kept_plan* kept) {
  dlist_delete(&kept->used);
  if (kept->plan != NULL)
    SPI_freeplan(kept->plan);
  if (kept->statement != NULL)
    pfree(kept->statement);
  if (kept->sizes != NULL)
    MemoryContextDelete(kept->sizes);
  hash_search(plans, &kept->key, HASH_REMOVE, NULL);
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
  plans = hash_create("pg_trickle kept plans", 64, &control,
                      HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static SPIPlanPtr prepare(const char* statement, int nargs, Oid* types) {
  SPIPlanPtr plan
    = SPI_prepare_cursor(statement, nargs, types, CURSOR_OPT_GENERIC_PLAN);
  if (plan == NULL)
    elog(ERROR, "SPI_prepare_cursor failed: %s",
         SPI_result_code_string(SPI_result));
  return plan;
}

// What may fail comes first: an entry is whole or not there.
static kept_plan* add(const plan_key* key, const char* statement,
                      SPIPlanPtr plan) {
  kept_plan* kept;
  char* text = MemoryContextStrdup(TopMemoryContext, statement);
  make_room();
  kept = hash_search(plans, key, HASH_ENTER, NULL);
  memset((char*)kept + sizeof(*key), 0, sizeof(*kept) - sizeof(*key));
  kept->statement = text;
  kept->plan = plan;
  dlist_push_tail(&by_use, &kept->used);
  SPI_keepplan(plan);
  return kept;
}

kept_plan* take_plan(const char* statement, int nargs, Oid* types,
                     relation_finder staged) {
  plan_key key;
  kept_plan* kept;
  memset(&key, 0, sizeof(key));
  key.statement = hash_bytes_extended((const unsigned char*)statement,
                                      (int)strlen(statement), 0);
  key.user = GetUserId();
  key.nargs = nargs;
  if (plans == NULL)
    create_plans();
  kept = hash_search(plans, &key, HASH_FIND, NULL);
  if (kept != NULL && strcmp(kept->statement, statement) == 0
      && fits(kept, staged)) {
    dlist_move_tail(&by_use, &kept->used);
    return kept;
  }
  if (kept != NULL && kept->users > 0)
    return NULL;
  if (kept != NULL)
    forget(kept);
  kept = add(&key, statement, prepare(statement, nargs, types));
  note_sizes(kept, staged);
  return kept;
}

void begin_use(kept_plan* kept) { ++kept->users; }
void end_use(kept_plan* kept) { --kept->users; }
SPIPlanPtr spi_plan(const kept_plan* kept) { return kept->plan; }
