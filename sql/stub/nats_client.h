#pragma once
// A connection to NATS that lives for one call.

#include "postgres.h"

typedef struct nats_client {
  struct __natsConnection* connection;
  struct __natsSubscription* inbox;
  struct __natsMsg* message;
  // Where replies go; nobody else can guess it.
  char* inbox_subject;
} nats_client;

typedef enum nats_arrival {
  NATS_ARRIVED,
  // Nothing came in time.
  NATS_NOTHING,
  // Nobody listens on the subject of the request.
  NATS_NOBODY,
  // The connection is gone.
  NATS_GONE
} nats_arrival;

// Connects; raises an error when NATS cannot be reached.
extern void nats_client_open(nats_client* client);

// The largest message that the server takes.
extern size_t nats_client_limit(const nats_client* client);

// Sends a request whose replies come to the inbox.
extern void nats_client_request(nats_client* client, const char* subject,
                                const void* data, size_t size);

// Sends a last message without raising errors, and waits until the server has
// it, but not longer than `milliseconds`.
extern void nats_client_farewell(nats_client* client, const char* subject,
                                 const void* data, size_t size,
                                 int milliseconds);

// Waits for the next reply. `*data` is valid until the next wait.
extern nats_arrival nats_client_wait(nats_client* client, int milliseconds,
                                     const uint8** data, size_t* size);

// Frees what is there; may be called in any state.
extern void nats_client_close(nats_client* client);
