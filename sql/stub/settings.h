#pragma once
// The settings pg_trickle.*, each in a variable setting_<name>.

#include "postgres.h"

#define SETTING_BOOL(name, value, context, flags, description)                 \
  extern bool setting_##name;
#define SETTING_INT(name, value, least, greatest, context, flags, description) \
  extern int setting_##name;
#define SETTING_REAL(name, value, least, greatest, context, flags,             \
                     description)                                              \
  extern double setting_##name;
#define SETTING_STRING(name, value, context, flags, description)               \
  extern char* setting_##name;
#include "sql/settings.def"
