#include "sql/stub/signing.h"

#include <common/cryptohash.h>
#include <common/hmac.h>
#include <common/sha2.h>
#include <datatype/timestamp.h>
#include <mb/pg_wchar.h>
#include <utils/builtins.h>

#include <call.pb-c.h>
#include <miscadmin.h>

void make_random_id(char* id) {
  uint8 random[CALL_ID_DIGITS / 2];
  if (!pg_strong_random(random, sizeof(random)))
    ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
            errmsg("could not generate a call's id"));
  hex_encode((const char*)random, sizeof(random), id);
  id[CALL_ID_DIGITS] = '\0';
}

StaticAssertDecl(SIGNATURE_BYTES == PG_SHA256_DIGEST_LENGTH,
                 "a signature is a SHA-256 digest");

void sign_bytes(const uint8* key, size_t key_size, const uint8* message,
                size_t size, uint8 signature[SIGNATURE_BYTES]) {
  pg_hmac_ctx* hmac = pg_hmac_create(PG_SHA256);
  bool signed_well = hmac != NULL && pg_hmac_init(hmac, key, key_size) >= 0
                     && pg_hmac_update(hmac, message, size) >= 0
                     && pg_hmac_final(hmac, signature, SIGNATURE_BYTES) >= 0;
  pg_hmac_free(hmac);
  if (!signed_well)
    ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
            errmsg("could not sign a call"));
}

// A database of encoding SQL_ASCII may hold anything, the wire only UTF-8.
static char* utf8(const char* text) {
  char* converted = pg_server_to_any(text, (int)strlen(text), PG_UTF8);
  pg_verify_mbstr(PG_UTF8, converted, (int)strlen(converted), false);
  return converted;
}

static int64 unix_microseconds(TimestampTz moment) {
  return moment + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

signed_call sign_call(const caller* by, const char* id, const char* method,
                      const char* arguments, TimestampTz issued_at,
                      TimestampTz deadline) {
  signed_call result;
  uint8 signature[SIGNATURE_BYTES];
  Pgtrickle__Wire__Call call = PGTRICKLE__WIRE__CALL__INIT;
  Pgtrickle__Wire__SignedCall envelope = PGTRICKLE__WIRE__SIGNED_CALL__INIT;

  call.id = (char*)id;
  call.method = (char*)method;
  call.arguments = utf8(arguments);
  call.role = utf8(by->role);
  call.search_path = utf8(by->search_path);
  call.backend_pid = MyProcPid;
  call.issued_at = unix_microseconds(issued_at);
  call.deadline = unix_microseconds(deadline);

  envelope.call.len = pgtrickle__wire__call__get_packed_size(&call);
  envelope.call.data = palloc(envelope.call.len);
  pgtrickle__wire__call__pack(&call, envelope.call.data);
  sign_bytes(by->secret, by->secret_size, envelope.call.data, envelope.call.len,
             signature);
  envelope.signature.data = signature;
  envelope.signature.len = sizeof(signature);

  result.size = pgtrickle__wire__signed_call__get_packed_size(&envelope);
  result.bytes = palloc(result.size);
  pgtrickle__wire__signed_call__pack(&envelope, result.bytes);
  pfree(envelope.call.data);
  return result;
}
