#include "sql/stub/join_aliases.h"

#include <nodes/nodeFuncs.h>
#include <parser/parsetree.h>
#include <rewrite/rewriteManip.h>

// The range tables of the queries around, the innermost first.
typedef struct scope {
  List* tables;
  struct scope* outer;
} scope;

static Node* spelt_out(Node* node, scope* inner);

static Node* spelt_out_reference(Var* reference, scope* inner) {
  scope* home = inner;
  RangeTblEntry* entry;
  Node* meant;
  for (Index up = reference->varlevelsup; up > 0 && home != NULL; up--)
    home = home->outer;
  if (reference->varlevelsup == 0 || home == NULL || reference->varattno <= 0)
    return (Node*)copyObject(reference);
  entry = rt_fetch(reference->varno, home->tables);
  if (entry->rtekind != RTE_JOIN)
    return (Node*)copyObject(reference);
  meant = copyObject(list_nth(entry->joinaliasvars, reference->varattno - 1));
  IncrementVarSublevelsUp(meant, (int)reference->varlevelsup, 0);
  // A join of joins.
  return spelt_out(meant, inner);
}

static Node* spelt_out(Node* node, scope* inner) {
  if (node == NULL)
    return NULL;
  if (IsA(node, Var))
    return spelt_out_reference((Var*)node, inner);
  if (IsA(node, Query)) {
    Query* query = (Query*)node;
    scope within = {query->rtable, inner};
    return (Node*)query_tree_mutator(query, spelt_out, &within,
                                     QTW_IGNORE_JOINALIASES);
  }
  return expression_tree_mutator(node, spelt_out, inner);
}

Query* with_join_aliases_spelt_out(Query* query) {
  return (Query*)spelt_out((Node*)query, NULL);
}
