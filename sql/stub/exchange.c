#include "sql/stub/exchange.h"

#include "sql/stub/caller.h"
#include "sql/stub/nats_client.h"
#include "sql/stub/reply.h"
#include "sql/stub/settings.h"
#include "sql/stub/signing.h"

#include <commands/dbcommands.h>
#include <mb/pg_wchar.h>
#include <portability/instr_time.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <utils/backend_status.h>
#include <utils/memutils.h>
#include <utils/timeout.h>
#include <utils/wait_event.h>

#include <miscadmin.h>

// A cancel request is noticed after this at the latest.
#define WAKE_UP_MS 50
// The daemon says every second that it is alive.
#define SILENCE_MS 5000
#define FAREWELL_MS 100
// How long a call waits for a daemon to take its database over.
#define TAKE_OVER_MS 5000
#define TAKE_OVER_LOOK_MS 100
#define MAX_CALL_MS (24 * 60 * 60 * 1000)

typedef struct exchange {
  caller by;
  nats_client nats;
  char call_id[CALL_ID_DIGITS + 1];
  const char* method;
  int limit_ms;
  instr_time started;
  instr_time last_heard;
  // The daemon may be at work on it.
  bool open;
  // A daemon has said that it works on it.
  bool begun;
  // One that does not own the database any more, or not yet, got it. If another
  // one got it too, that one is heard soon.
  bool turned_away;
  partial_result result;
  // For what one reply needs; emptied after each.
  MemoryContext per_reply;
  MemoryContext context;
} exchange;

static double ms_since(instr_time moment) {
  instr_time now;
  INSTR_TIME_SET_CURRENT(now);
  INSTR_TIME_SUBTRACT(now, moment);
  return INSTR_TIME_GET_MILLISEC(now);
}

// The daemon does not start after this moment what the caller no longer
// waits for.
static TimestampTz deadline_of(const exchange* call, TimestampTz now) {
  TimestampTz deadline = TimestampTzPlusMilliseconds(now, call->limit_ms);
  if (get_timeout_active(STATEMENT_TIMEOUT))
    deadline = Min(deadline, get_timeout_finish_time(STATEMENT_TIMEOUT));
  return deadline;
}

static void send_cancel(exchange* call) {
  TimestampTz now = GetCurrentTimestamp();
  char* arguments = psprintf("{\"id\": \"%s\"}", call->call_id);
  char own_id[CALL_ID_DIGITS + 1];
  signed_call message;
  make_random_id(own_id);
  message = sign_call(&call->by, own_id, "cancel", arguments, now,
                      TimestampTzPlusMilliseconds(now, MAX_CALL_MS));
  nats_client_farewell(&call->nats,
                       psprintf("%s.cancel", call->by.subject_prefix),
                       message.bytes, message.size, FAREWELL_MS);
}

// Runs at every end: a result, an error, and the death of the backend.
static void end_exchange(int code, Datum argument) {
  exchange* call = (exchange*)DatumGetPointer(argument);
  MemoryContext before = MemoryContextSwitchTo(call->context);
  (void)code;
  if (call->open)
    send_cancel(call);
  nats_client_close(&call->nats);
  forget_secret(&call->by);
  MemoryContextSwitchTo(before);
}

static void send_request(exchange* call, const char* arguments) {
  TimestampTz now = GetCurrentTimestamp();
  signed_call request = sign_call(&call->by, call->call_id, call->method,
                                  arguments, now, deadline_of(call, now));
  size_t limit = nats_client_limit(&call->nats);
  if (request.size > limit)
    ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("the arguments of %s need %zu bytes, and NATS takes %zu",
                   call->method, request.size, limit),
            errhint("Shorten them, or raise max_payload of nats-server."));
  nats_client_request(
    &call->nats, psprintf("%s.call.%s", call->by.subject_prefix, call->method),
    request.bytes, request.size);
  INSTR_TIME_SET_CURRENT(call->last_heard);
  call->open = true;
  call->begun = false;
  call->turned_away = false;
}

static void check_patience(exchange* call) {
  if (ms_since(call->started) >= call->limit_ms)
    ereport(
      ERROR, errcode(ERRCODE_QUERY_CANCELED),
      errmsg("canceling %s due to pg_trickle.call_timeout", call->method));
  if (ms_since(call->last_heard) >= SILENCE_MS)
    ereport(ERROR, errcode(ERRCODE_CONNECTION_FAILURE),
            errmsg("pgtrickled stopped answering"),
            errdetail("Nothing was heard of %s for %d seconds.", call->method,
                      SILENCE_MS / 1000),
            errhint("Look at its log, and see whether the call had an effect "
                    "before you repeat it."));
}

static void report_nobody(exchange* call) {
  call->open = false;
  ereport(ERROR, errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
          errmsg("no pgtrickled serves database \"%s\"",
                 get_database_name(MyDatabaseId)),
          setting_enabled
            ? errhint("Start pgtrickled for this PostgreSQL cluster, for "
                      "example with \"systemctl start pgtrickled\"; it finds "
                      "a new database within seconds.")
            : errhint("Set pg_trickle.enabled to on for this database."));
}

// Whether any daemon is there: each keeps a session that bears its name.
static bool sees_daemon(void) {
  int count;
  pgstat_clear_backend_activity_snapshot();
  count = pgstat_fetch_stat_numbackends();
  for (int i = 1; i <= count; i++) {
    LocalPgBackendStatus* entry = pgstat_fetch_stat_local_beentry(i);
    if (entry != NULL
        && strncmp(entry->backendStatus.st_appname, "pgtrickle node@", 15) == 0)
      return true;
  }
  return false;
}

static bool may_send_again(const exchange* call) {
  return setting_enabled && ms_since(call->started) < TAKE_OVER_MS;
}

// Nobody got the call, so it can be sent again: one of the daemons there may
// be about to own the database.
static void send_again_or_give_up(exchange* call, const char* arguments) {
  if (!may_send_again(call) || !sees_daemon())
    report_nobody(call);
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
            TAKE_OVER_LOOK_MS, PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  CHECK_FOR_INTERRUPTS();
  send_request(call, arguments);
}

static void report_gone(void) {
  ereport(ERROR, errcode(ERRCODE_CONNECTION_FAILURE),
          errmsg("the connection to NATS was lost during the call"),
          errhint("See whether the call had an effect before you repeat it."));
}

// Returns whether the result is whole.
static bool take_reply(exchange* call, const uint8* data, size_t size) {
  MemoryContext before = MemoryContextSwitchTo(call->per_reply);
  reply answer = read_reply(data, size, &call->result);
  INSTR_TIME_SET_CURRENT(call->last_heard);
  switch (answer.kind) {
    case REPLY_ALIVE:
    case REPLY_RESULT:
      break;
    case REPLY_NOTICE:
      ereport(NOTICE, errmsg_internal("%s", answer.message));
      break;
    case REPLY_ERROR:
      if (!answer.not_begun || !may_send_again(call)) {
        call->open = false;
        raise_error(&answer);
      }
  }
  call->begun = call->begun || answer.kind != REPLY_ERROR;
  call->turned_away = !call->begun;
  MemoryContextSwitchTo(before);
  MemoryContextReset(call->per_reply);
  return result_is_complete(&call->result);
}

static void converse(exchange* call, const char* arguments) {
  const uint8* data = NULL;
  size_t size = 0;
  bool complete = false;

  nats_client_open(&call->nats);
  send_request(call, arguments);
  while (!complete) {
    CHECK_FOR_INTERRUPTS();
    switch (nats_client_wait(&call->nats, WAKE_UP_MS, &data, &size)) {
      case NATS_ARRIVED:
        complete = take_reply(call, data, size);
        break;
      case NATS_NOTHING:
        if (call->turned_away
            && ms_since(call->last_heard) >= TAKE_OVER_LOOK_MS)
          send_request(call, arguments);
        break;
      case NATS_NOBODY:
        send_again_or_give_up(call, arguments);
        break;
      case NATS_GONE:
        report_gone();
    }
    if (!complete)
      check_patience(call);
  }
  call->open = false;
}

static exchange* new_exchange(const char* method) {
  exchange* call = palloc0(sizeof(exchange));
  call->context = CurrentMemoryContext;
  call->per_reply = AllocSetContextCreate(
    CurrentMemoryContext, "pg_trickle reply", ALLOCSET_DEFAULT_SIZES);
  call->method = method;
  call->limit_ms
    = setting_call_timeout > 0 ? setting_call_timeout : MAX_CALL_MS;
  INSTR_TIME_SET_CURRENT(call->started);
  initStringInfo(&call->result.json);
  make_random_id(call->call_id);
  call->by = identify_caller();
  return call;
}

char* exchange_call(const char* method, const char* arguments) {
  exchange* call = new_exchange(method);
  Datum argument = PointerGetDatum(call);
  PG_ENSURE_ERROR_CLEANUP(end_exchange, argument);
  { converse(call, arguments); }
  PG_END_ENSURE_ERROR_CLEANUP(end_exchange, argument);
  end_exchange(0, argument);
  return pg_any_to_server(call->result.json.data, call->result.json.len,
                          PG_UTF8);
}
