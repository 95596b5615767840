#pragma once
// What the daemon answers.

#include "postgres.h"

#include <lib/stringinfo.h>

typedef enum reply_kind {
  // Work goes on.
  REPLY_ALIVE,
  REPLY_NOTICE,
  REPLY_ERROR,
  // One more part of the result; `result_is_complete` tells whether the last.
  REPLY_RESULT
} reply_kind;

typedef struct reply {
  reply_kind kind;
  // A notice's text, or an error's message; texts are in the server's encoding.
  char* message;
  char* detail;
  char* hint;
  int sqlstate;
  // Of an error: nobody has begun with the call.
  bool not_begun;
} reply;

typedef struct partial_result {
  StringInfoData json;
  uint32 parts;
  uint32 expected_parts;
} partial_result;

// Reads a reply, and adds a part of the result to `result`. Raises an error
// when it is not a reply, does not fit, or the result grows too large.
extern reply read_reply(const uint8* data, size_t size, partial_result* result);

extern bool result_is_complete(const partial_result* result);

// Raises the daemon's error as the caller's.
extern void raise_error(const reply* answer) pg_attribute_noreturn();
