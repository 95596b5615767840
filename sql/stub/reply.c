#include "sql/stub/reply.h"

#include <mb/pg_wchar.h>

#include <call.pb-c.h>

#define MAX_RESULT_BYTES (256 * 1024 * 1024)
// A legal result is never in pieces smaller than this, but for the last one.
#define MAX_RESULT_PARTS 65536

static void* allocate(void* unused, size_t size) {
  (void)unused;
  return palloc(size);
}

static void release(void* unused, void* pointer) {
  (void)unused;
  if (pointer != NULL)
    pfree(pointer);
}

// Memory of the context, so that an error frees it.
static ProtobufCAllocator in_memory_context = {allocate, release, NULL};

static void reject(const char* why) pg_attribute_noreturn();

static void reject(const char* why) {
  ereport(ERROR, errcode(ERRCODE_PROTOCOL_VIOLATION),
          errmsg("pgtrickled sent a reply that makes no sense"),
          errdetail("%s", why),
          errhint("The extension and the daemon may be of different "
                  "versions: compare pgtrickle.version() with "
                  "\"pgtrickled --version\"."));
}

static char* server_text(const char* utf8_text) {
  return pg_any_to_server(utf8_text, (int)strlen(utf8_text), PG_UTF8);
}

static int encoded_sqlstate(const char* text) {
  if (strlen(text) != 5
      || strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5
      || strncmp(text, "00", 2) == 0)
    reject("An error has no valid SQLSTATE.");
  return MAKE_SQLSTATE(text[0], text[1], text[2], text[3], text[4]);
}

static void add_part(const Pgtrickle__Wire__Reply__Part* part,
                     partial_result* result) {
  if (part->index != result->parts || part->count == 0
      || part->count > MAX_RESULT_PARTS
      || (result->parts > 0 && part->count != result->expected_parts))
    reject("A part of a result came out of order.");
  if (part->json.len > (size_t)(MAX_RESULT_BYTES - result->json.len))
    ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("the result of the call is larger than %d bytes",
                   MAX_RESULT_BYTES));
  appendBinaryStringInfo(&result->json, (const char*)part->json.data,
                         (int)part->json.len);
  result->expected_parts = part->count;
  result->parts++;
}

reply read_reply(const uint8* data, size_t size, partial_result* result) {
  reply answer = {REPLY_ALIVE, NULL, NULL, NULL, 0, false};
  Pgtrickle__Wire__Reply* wire
    = pgtrickle__wire__reply__unpack(&in_memory_context, size, data);
  if (wire == NULL)
    reject("It is not a protobuf message of type Reply.");
  switch (wire->kind_case) {
    case PGTRICKLE__WIRE__REPLY__KIND_ALIVE:
      break;
    case PGTRICKLE__WIRE__REPLY__KIND_NOTICE:
      answer.kind = REPLY_NOTICE;
      answer.message = server_text(wire->notice);
      break;
    case PGTRICKLE__WIRE__REPLY__KIND_ERROR:
      answer.kind = REPLY_ERROR;
      answer.sqlstate = encoded_sqlstate(wire->error->sqlstate);
      answer.message = server_text(wire->error->message);
      answer.detail = server_text(wire->error->detail);
      answer.hint = server_text(wire->error->hint);
      answer.not_begun = wire->error->not_begun;
      break;
    case PGTRICKLE__WIRE__REPLY__KIND_RESULT:
      answer.kind = REPLY_RESULT;
      add_part(wire->result, result);
      break;
    default:
      reject("It is of no known kind.");
  }
  return answer;
}

bool result_is_complete(const partial_result* result) {
  return result->parts > 0 && result->parts == result->expected_parts;
}

void raise_error(const reply* answer) {
  ereport(
    ERROR, errcode(answer->sqlstate), errmsg_internal("%s", answer->message),
    answer->detail[0] != '\0' ? errdetail_internal("%s", answer->detail) : 0,
    answer->hint[0] != '\0' ? errhint("%s", answer->hint) : 0);
}
