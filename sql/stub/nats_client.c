#include "sql/stub/nats_client.h"

#include "sql/stub/settings.h"
#include "sql/stub/signing.h"

#include <lib/stringinfo.h>
#include <nats/nats.h>
#include <utils/wait_event.h>

#include <pthread.h>
#include <signal.h>

#define CONNECT_TIMEOUT_MS 1000
#define MAX_PENDING_MESSAGES 65536
#define MAX_PENDING_BYTES (264 * 1024 * 1024)

// The library's threads inherit the mask: PostgreSQL's signals must reach
// PostgreSQL's own thread, whose handlers know nothing of others.
static sigset_t block_signals(void) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  return before;
}

static void restore_signals(sigset_t before) {
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

// The servers' URLs without the user and password that they may contain.
static char* without_credentials(const char* urls) {
  StringInfoData shown;
  initStringInfo(&shown);
  while (*urls != '\0') {
    size_t size = strcspn(urls, ",");
    const char* start = urls;
    for (size_t i = 0; i < size; i++)
      if (urls[i] == '@')
        start = urls + i + 1;
    appendBinaryStringInfo(&shown, start, (int)(urls + size - start));
    urls += size;
    urls += strspn(urls, ",");
    if (*urls != '\0')
      appendStringInfoString(&shown, ", ");
  }
  return shown.data;
}

static const char** url_list(int* count) {
  char* urls = pstrdup(setting_nats_url);
  const char** list = palloc(sizeof(char*) * (strlen(urls) + 1));
  char* rest = NULL;
  *count = 0;
  for (char* url = strtok_r(urls, ", ", &rest); url != NULL;
       url = strtok_r(NULL, ", ", &rest))
    list[(*count)++] = url;
  return list;
}

// Without a file of authorities, what a URL or the server says decides.
static natsStatus protect(natsOptions* options, const char** urls, int count) {
  natsStatus status = NATS_OK;
  bool needs_tls = setting_nats_ca_file[0] != '\0';
  for (int i = 0; i < count; i++)
    needs_tls = needs_tls || strncmp(urls[i], "tls://", 6) == 0;
  if (setting_nats_ca_file[0] != '\0')
    status
      = natsOptions_LoadCATrustedCertificates(options, setting_nats_ca_file);
  return status == NATS_OK && needs_tls ? natsOptions_SetSecure(options, true)
                                        : status;
}

static natsStatus connect(nats_client* client, const char** urls, int count) {
  natsOptions* options = NULL;
  natsStatus status = natsOptions_Create(&options);
  if (status == NATS_OK)
    status = natsOptions_SetServers(options, urls, count);
  if (status == NATS_OK)
    status = natsOptions_SetTimeout(options, CONNECT_TIMEOUT_MS);
  if (status == NATS_OK)
    status = natsOptions_SetSendAsap(options, true);
  if (status == NATS_OK)
    status = natsOptions_SetAllowReconnect(options, false);
  if (status == NATS_OK)
    status = natsOptions_SetName(options, "pg_trickle");
  if (status == NATS_OK)
    status = protect(options, urls, count);
  if (status == NATS_OK)
    status = natsConnection_Connect(&client->connection, options);
  natsOptions_Destroy(options);
  return status;
}

static natsStatus subscribe(nats_client* client) {
  natsStatus status = natsConnection_SubscribeSync(
    &client->inbox, client->connection, client->inbox_subject);
  if (status == NATS_OK)
    status = natsSubscription_SetPendingLimits(
      client->inbox, MAX_PENDING_MESSAGES, MAX_PENDING_BYTES);
  return status;
}

void nats_client_open(nats_client* client) {
  char id[CALL_ID_DIGITS + 1];
  int count = 0;
  const char** urls = url_list(&count);
  sigset_t before;
  natsStatus status;
  const char* why;

  make_random_id(id);
  client->inbox_subject = psprintf("_INBOX.pgtrickle.%s", id);
  before = block_signals();
  status = connect(client, urls, count);
  if (status == NATS_OK)
    status = subscribe(client);
  restore_signals(before);
  why = nats_GetLastError(NULL);
  if (why == NULL)
    why = "";
  if (status != NATS_OK)
    ereport(ERROR, errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
            errmsg("could not reach NATS at %s: %s",
                   without_credentials(setting_nats_url),
                   natsStatus_GetText(status)),
            why[0] != '\0' ? errdetail("%s", why) : 0,
            errhint("Start pgtrickled or nats-server, or correct the setting "
                    "pg_trickle.nats_url."));
}

size_t nats_client_limit(const nats_client* client) {
  return (size_t)natsConnection_GetMaxPayload(client->connection);
}

void nats_client_request(nats_client* client, const char* subject,
                         const void* data, size_t size) {
  natsStatus status = natsConnection_PublishRequest(
    client->connection, subject, client->inbox_subject, data, (int)size);
  if (status != NATS_OK)
    ereport(ERROR, errcode(ERRCODE_CONNECTION_FAILURE),
            errmsg("could not send the call to NATS: %s",
                   natsStatus_GetText(status)));
}

void nats_client_farewell(nats_client* client, const char* subject,
                          const void* data, size_t size, int milliseconds) {
  if (natsConnection_Publish(client->connection, subject, data, (int)size)
      == NATS_OK)
    (void)natsConnection_FlushTimeout(client->connection, milliseconds);
}

nats_arrival nats_client_wait(nats_client* client, int milliseconds,
                              const uint8** data, size_t* size) {
  natsStatus status;
  natsMsg_Destroy(client->message);
  client->message = NULL;
  pgstat_report_wait_start(PG_WAIT_EXTENSION);
  status
    = natsSubscription_NextMsg(&client->message, client->inbox, milliseconds);
  pgstat_report_wait_end();
  if (status == NATS_TIMEOUT)
    return NATS_NOTHING;
  if (status == NATS_NO_RESPONDERS
      || (status == NATS_OK && natsMsg_IsNoResponders(client->message)))
    return NATS_NOBODY;
  if (status != NATS_OK)
    return NATS_GONE;
  *data = (const uint8*)natsMsg_GetData(client->message);
  *size = (size_t)natsMsg_GetDataLength(client->message);
  return NATS_ARRIVED;
}

void nats_client_close(nats_client* client) {
  sigset_t before = block_signals();
  natsMsg_Destroy(client->message);
  natsSubscription_Destroy(client->inbox);
  natsConnection_Destroy(client->connection);
  restore_signals(before);
  client->message = NULL;
  client->inbox = NULL;
  client->connection = NULL;
}
