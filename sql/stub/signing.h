#pragma once
// A call as it goes over the wire.

#include "sql/stub/caller.h"

#include <utils/timestamp.h>

#define CALL_ID_DIGITS 32
#define SIGNATURE_BYTES 32

typedef struct signed_call {
  uint8* bytes;
  size_t size;
} signed_call;

// `arguments` is the text of a JSON object. A call keeps its id when it is
// signed again, so that it is not carried out twice.
extern signed_call sign_call(const caller* by, const char* id,
                             const char* method, const char* arguments,
                             TimestampTz issued_at, TimestampTz deadline);

// Writes HMAC-SHA256 over `message` under `key`.
extern void sign_bytes(const uint8* key, size_t key_size, const uint8* message,
                       size_t size, uint8 signature[SIGNATURE_BYTES]);

// Writes CALL_ID_DIGITS hexadecimal digits nobody can guess, and a final zero.
extern void make_random_id(char* id);
