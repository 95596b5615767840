// A clock that nobody sets: seconds since the host was booted, and which boot
// that was. After a fail-over it is another one.

#include "postgres.h"

#include <access/htup_details.h>
#include <storage/fd.h>
#include <utils/builtins.h>

#include <fmgr.h>
#include <funcapi.h>
#include <time.h>

PG_FUNCTION_INFO_V1(pgtrickle_host_clock);

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

// Empty where the system has none: then all boots are one, and a cooldown may
// last longer after a reboot, but not shorter.
static text* boot_id(void) {
  char id[64] = "";
  FILE* file = AllocateFile(BOOT_ID_FILE, "r");
  if (file != NULL) {
    if (fgets(id, sizeof id, file) == NULL)
      id[0] = '\0';
    FreeFile(file);
  }
  id[strcspn(id, "\n")] = '\0';
  return cstring_to_text(id);
}

Datum pgtrickle_host_clock(PG_FUNCTION_ARGS) {
  TupleDesc row;
  Datum values[2];
  bool nulls[2] = {false, false};
  struct timespec now;

  if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("_host_clock() returns a row of two columns"));
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
    ereport(ERROR, errcode(ERRCODE_SYSTEM_ERROR),
            errmsg("could not read the boot clock"));
  values[0] = PointerGetDatum(boot_id());
  values[1] = Float8GetDatum((double)now.tv_sec + (double)now.tv_nsec / 1e9);
  return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}
