#include "sql/stub/settings.h"

#include "sql/stub/program_trace.h"

#include <utils/guc.h>

#include <fmgr.h>

PG_MODULE_MAGIC;

#define SETTING_BOOL(name, value, context, flags, description)                 \
  bool setting_##name = value;
#define SETTING_INT(name, value, least, greatest, context, flags, description) \
  int setting_##name = value;
#define SETTING_REAL(name, value, least, greatest, context, flags,             \
                     description)                                              \
  double setting_##name = value;
#define SETTING_STRING(name, value, context, flags, description)               \
  char* setting_##name = value;
#include "sql/settings.def"

void _PG_init(void);

void _PG_init(void) {
#define SETTING_BOOL(name, value, context, flags, description)                 \
  DefineCustomBoolVariable("pg_trickle." #name, description, NULL,             \
                           &setting_##name, value, context, flags, NULL, NULL, \
                           NULL);
#define SETTING_INT(name, value, least, greatest, context, flags, description) \
  DefineCustomIntVariable("pg_trickle." #name, description, NULL,              \
                          &setting_##name, value, least, greatest, context,    \
                          flags, NULL, NULL, NULL);
#define SETTING_REAL(name, value, least, greatest, context, flags,             \
                     description)                                              \
  DefineCustomRealVariable("pg_trickle." #name, description, NULL,             \
                           &setting_##name, value, least, greatest, context,   \
                           flags, NULL, NULL, NULL);
#define SETTING_STRING(name, value, context, flags, description)               \
  DefineCustomStringVariable("pg_trickle." #name, description, NULL,           \
                             &setting_##name, value, context, flags, NULL,     \
                             NULL, NULL);
#include "sql/settings.def"
  define_last_program();
  MarkGUCPrefixReserved("pg_trickle");
}
