#pragma once
// What can be asked of the daemon.

#include "postgres.h"

#include <utils/jsonb.h>

typedef enum method_kind {
  // May be called anywhere.
  METHOD_READS,
  // Inside a transaction block it is recorded, and carried out at COMMIT.
  METHOD_DEFINES,
  // Refused inside a transaction block.
  METHOD_ACTS
} method_kind;

typedef struct relayed_method {
  // Also the name of its SQL function.
  const char* name;
  method_kind kind;
  // Arguments that must not be null; ends with NULL.
  const char* required[6];
} relayed_method;

// Finds a method by name, and checks that the caller may execute its function.
extern const relayed_method* find_method(const char* name);

// Checks that no required argument is null, and the size of the query.
extern void check_arguments(const relayed_method* method, Jsonb* arguments);

// A text argument, or NULL.
extern char* text_argument(Jsonb* arguments, const char* name);
