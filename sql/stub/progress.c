#include "sql/stub/progress.h"

#include "sql/stub/settings.h"

#include <access/parallel.h>
#include <access/xact.h>
#include <commands/progress.h>
#include <utils/backend_progress.h>

#include <fmgr.h>

PG_FUNCTION_INFO_V1(pgtrickle_report_progress);

// Places that COPY leaves free. pgtrickle.snapshot_progress() reads them.
enum { PLACE_OF_STAGE = 17, PLACE_OF_EXPECTED = 18, PLACE_OF_MARK = 19 };

// Tells our progress from that of a COPY.
#define MARK INT64CONST(0x7067747269636b6c)

// Rows between two reports.
#define GRAIN 1000

static bool reporting = false;
static int64 rows = 0;
static int64 rows_expected = 0;
// Until something is to be done but counting.
static int32 rows_left = 1;

static void end_transaction(XactEvent event, void* unused) {
  (void)unused;
  if (reporting && event != XACT_EVENT_PRE_COMMIT
      && event != XACT_EVENT_PARALLEL_PRE_COMMIT
      && event != XACT_EVENT_PRE_PREPARE) {
    pgstat_progress_end_command();
    reporting = false;
  }
}

static void begin(int stage, Oid relation, int64 expected) {
  const int places[] = {PLACE_OF_STAGE, PLACE_OF_EXPECTED, PLACE_OF_MARK};
  const int64 values[] = {stage, expected, MARK};
  static bool watching = false;
  if (!watching)
    RegisterXactCallback(end_transaction, NULL);
  watching = true;
  pgstat_progress_start_command(PROGRESS_COMMAND_COPY, relation);
  pgstat_progress_update_multi_param(lengthof(places), places, values);
  reporting = true;
  rows = 0;
  rows_expected = expected;
  rows_left = GRAIN;
}

static void report_rows(void) {
  rows_left = GRAIN;
  if (reporting) {
    rows += GRAIN;
    pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED, rows);
  } else if (IsParallelWorker() && setting_internal_refresh) {
    begin(0, InvalidOid, 0);
  }
}

// Once a row: it does no more than it must.
void count_row(void) {
  if (--rows_left == 0)
    report_rows();
}

void count_all(int64 total) {
  if (reporting && !IsParallelWorker())
    pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED, total);
}

void count_rest(void) { count_all(Max(rows, rows_expected)); }

Datum pgtrickle_report_progress(PG_FUNCTION_ARGS) {
  begin(PG_GETARG_INT32(0), PG_GETARG_OID(1), PG_GETARG_INT64(2));
  PG_RETURN_VOID();
}
