#pragma once
// One call to the daemon and all that comes back.

#include "postgres.h"

// Asks the daemon and waits for the result, a JSON text in the server's
// encoding. Notices and errors become the caller's. When the wait ends early,
// however that happens, the daemon is told to cancel the work.
extern char* exchange_call(const char* method, const char* arguments);
