// Tokens: a program that has one calls the daemon as a role. A token is a JSON
// Web Token with the algorithm HS256, under a key made of the database's
// secret.
#include "sql/stub/caller.h"
#include "sql/stub/signing.h"

#include <access/xlog.h>
#include <common/base64.h>
#include <mb/pg_wchar.h>
#include <utils/acl.h>
#include <utils/builtins.h>
#include <utils/json.h>
#include <utils/timestamp.h>

#include <fmgr.h>
#include <miscadmin.h>

#define LONGEST_TTL_DAYS 30
// No signature of a call is one of a token.
#define KEY_PURPOSE "pgtrickle token"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

PG_FUNCTION_INFO_V1(pgtrickle_issue_token);

// The alphabet that needs no escapes anywhere, without padding.
static void append_base64url(StringInfo to, const char* bytes, int size) {
  int room = pg_b64_enc_len(size);
  char* encoded = palloc(room + 1);
  int length = pg_b64_encode(bytes, size, encoded, room);
  if (length < 0)
    ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
            errmsg("could not encode a token"));
  for (int i = 0; i < length && encoded[i] != '='; i++)
    appendStringInfoChar(to, encoded[i] == '+'   ? '-'
                             : encoded[i] == '/' ? '_'
                                                 : encoded[i]);
}

static void append_seconds(StringInfo to, const char* name, int64 unix_us) {
  appendStringInfo(to, ",\"%s\":" INT64_FORMAT ".%06d", name,
                   unix_us / USECS_PER_SEC, (int)(unix_us % USECS_PER_SEC));
}

static char* claims_of(Oid role, int64 ttl_us) {
  int64 now = GetCurrentTimestamp()
              + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
  char id[CALL_ID_DIGITS + 1];
  char* name = GetUserNameFromId(role, false);
  StringInfoData claims;

  make_random_id(id);
  initStringInfo(&claims);
  appendStringInfoString(&claims, "{\"iss\":\"pgtrickle\",\"sub\":");
  escape_json(&claims, pg_server_to_any(name, (int)strlen(name), PG_UTF8));
  appendStringInfo(&claims, ",\"aud\":\"" UINT64_FORMAT ".%u\"",
                   GetSystemIdentifier(), MyDatabaseId);
  appendStringInfo(&claims, ",\"role\":%u,\"issuer\":%u,\"jti\":\"%s\"", role,
                   GetUserId(), id);
  append_seconds(&claims, "iat", now);
  append_seconds(&claims, "exp", now + ttl_us);
  appendStringInfoChar(&claims, '}');
  return claims.data;
}

static void append_signature(StringInfo token) {
  uint8 key[SIGNATURE_BYTES];
  uint8 signature[SIGNATURE_BYTES];
  caller by = identify_caller();

  sign_bytes(by.secret, by.secret_size, (const uint8*)KEY_PURPOSE,
             strlen(KEY_PURPOSE), key);
  forget_secret(&by);
  sign_bytes(key, sizeof(key), (const uint8*)token->data, (size_t)token->len,
             signature);
  explicit_bzero(key, sizeof(key));
  appendStringInfoChar(token, '.');
  append_base64url(token, (const char*)signature, sizeof(signature));
}

static Oid role_to_be(const char* name) {
  Oid role = get_role_oid(name, false);
  if (!is_member_of_role(GetUserId(), role))
    ereport(
      ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
      errmsg("must be a member of role \"%s\" to issue a token for it", name),
      errhint("Ask a member of the role for the token."));
  return role;
}

static int64 microseconds_in(const Interval* ttl) {
  int64 days = (int64)ttl->month * DAYS_PER_MONTH + ttl->day;
  int64 us = 0;
  // A sum that does not fit is out of range either way.
  if (Abs(days) <= LONGEST_TTL_DAYS
      && ttl->time <= LONGEST_TTL_DAYS * USECS_PER_DAY
      && ttl->time >= -LONGEST_TTL_DAYS * USECS_PER_DAY)
    us = days * USECS_PER_DAY + ttl->time;
  if (us < USECS_PER_SEC || us > LONGEST_TTL_DAYS * USECS_PER_DAY)
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("a token cannot be valid for %s",
                   DatumGetCString(DirectFunctionCall1(
                     interval_out, IntervalPGetDatum(ttl)))),
            errhint("Give a time from 1 second to %d days.", LONGEST_TTL_DAYS));
  return us;
}

Datum pgtrickle_issue_token(PG_FUNCTION_ARGS) {
  StringInfoData token;
  const char* claims;
  Oid role;

  if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
            errmsg("a token needs a role and the time for which it is valid"));
  role = role_to_be(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  claims = claims_of(role, microseconds_in(PG_GETARG_INTERVAL_P(1)));
  initStringInfo(&token);
  append_base64url(&token, HEADER, (int)strlen(HEADER));
  appendStringInfoChar(&token, '.');
  append_base64url(&token, claims, (int)strlen(claims));
  append_signature(&token);
  PG_RETURN_TEXT_P(cstring_to_text_with_len(token.data, token.len));
}
