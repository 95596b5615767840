#pragma once
// Who calls, and where from.

#include "postgres.h"

typedef struct caller {
  // The effective role: inside a SECURITY DEFINER function, its owner.
  char* role;
  char* search_path;
  // pgtrickle.v1.<cluster>.<database>
  char* subject_prefix;
  // The key that calls are signed with.
  uint8* secret;
  size_t secret_size;
} caller;

extern caller identify_caller(void);

// Overwrites the secret.
extern void forget_secret(caller* by);

// The owner of a table of schema pgtrickle, which is the extension's owner.
extern Oid extension_owner(void);
