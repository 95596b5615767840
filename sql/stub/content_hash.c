// The hash of a relation's content: the sum of its rows' hashes, so that order
// does not matter and no row, however often it occurs, cancels another one.
//
// It is the same on every cluster: what an oid stands for is hashed, and no
// setting has an influence. It tells damage and mistakes, not forgery.

#include "sql/stub/content_hash.h"

#include "sql/stub/progress.h"

#include <access/htup_details.h>
#include <catalog/pg_type.h>
#include <common/hashfn.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
#include <utils/typcache.h>

#include <fmgr.h>
#include <funcapi.h>
#include <miscadmin.h>

PG_FUNCTION_INFO_V1(pgtrickle_add_row_hash);
PG_FUNCTION_INFO_V1(pgtrickle_add_hashes);
PG_FUNCTION_INFO_V1(pgtrickle_hash_text);

typedef enum {
  BY_VALUE,
  BY_BYTES,
  BY_ELEMENT,
  BY_ATTRIBUTE,
  BY_SEND,
  BY_TEXT
} hashed_how;

// How the values of a type are hashed.
typedef struct type_hasher {
  hashed_how how;
  int16 length;
  bool by_value;
  char alignment;
  Oid element_type;
  struct type_hasher* element;
  FmgrInfo function;
} type_hasher;

struct row_hasher {
  TupleDesc row;
  type_hasher* columns;
};

// How records of one type are hashed. Composite values within a record have
// types of their own.
typedef struct record_hasher {
  Oid type;
  int32 modifier;
  row_hasher* row;
  Datum* values;
  bool* nulls;
} record_hasher;

#define HASH_OF_NULL UINT64CONST(0x9e3779b97f4a7c15)

static uint64 hash_of_record(Datum record, record_hasher* known,
                             MemoryContext context);

// The finalizer of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
// Number Generators, 2014).
static uint64 mixed(uint64 x) {
  x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static uint64 hash_of_bytes(const char* bytes, int length) {
  return hash_bytes_extended((const unsigned char*)bytes, length,
                             (uint64)length);
}

// PostgreSQL's own types whose bytes mean the same everywhere.
static bool has_plain_bytes(Oid type) {
  switch (type) {
    case BOOLOID:
    case CHAROID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case FLOAT4OID:
    case FLOAT8OID:
    case CASHOID:
    case DATEOID:
    case TIMEOID:
    case TIMETZOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case INTERVALOID:
    case NUMERICOID:
    case NAMEOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case BYTEAOID:
    case UUIDOID:
    case JSONOID:
    case JSONBOID:
    case XMLOID:
      return true;
    default:
      return false;
  }
}

// What a type sends means the same everywhere; but an enum is sent in the
// client's encoding, and some types can't be sent.
static void init_function(type_hasher* hasher, Oid type,
                          MemoryContext context) {
  HeapTuple found = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
  Form_pg_type entry;
  if (!HeapTupleIsValid(found))
    elog(ERROR, "cache lookup failed for type %u", type);
  entry = (Form_pg_type)GETSTRUCT(found);
  hasher->how = entry->typtype != TYPTYPE_ENUM && OidIsValid(entry->typsend)
                  ? BY_SEND
                  : BY_TEXT;
  fmgr_info_cxt(hasher->how == BY_SEND ? entry->typsend : entry->typoutput,
                &hasher->function, context);
  ReleaseSysCache(found);
}

static void init_hasher(type_hasher* hasher, Oid type, MemoryContext context) {
  type = getBaseType(type);
  get_typlenbyvalalign(type, &hasher->length, &hasher->by_value,
                       &hasher->alignment);
  if (has_plain_bytes(type)) {
    hasher->how = hasher->by_value ? BY_VALUE : BY_BYTES;
    return;
  }
  hasher->element_type = get_element_type(type);
  if (OidIsValid(hasher->element_type)) {
    hasher->how = BY_ELEMENT;
    hasher->element = MemoryContextAllocZero(context, sizeof(type_hasher));
    init_hasher(hasher->element, hasher->element_type, context);
    return;
  }
  if (type_is_rowtype(type)) {
    hasher->how = BY_ATTRIBUTE;
    return;
  }
  init_function(hasher, type, context);
}

static uint64 hash_of_array(Datum value, type_hasher* hasher);

// The hash of a value that is not null. What it allocates is freed with the
// memory of the row.
static uint64 hash_of_value(Datum value, type_hasher* hasher) {
  record_hasher any = {0};
  check_stack_depth();
  switch (hasher->how) {
    case BY_VALUE:
      switch (hasher->length) {
        case 1:
          return mixed(1 + (uint64)(int64)DatumGetChar(value));
        case 2:
          return mixed(1 + (uint64)(int64)DatumGetInt16(value));
        case 4:
          return mixed(1 + (uint64)(int64)DatumGetInt32(value));
        default:
          return mixed(1 + (uint64)DatumGetInt64(value));
      }
    case BY_BYTES:
      if (hasher->length > 0)
        return hash_of_bytes(DatumGetPointer(value), hasher->length);
      else {
        struct varlena* bytes = PG_DETOAST_DATUM_PACKED(value);
        return hash_of_bytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
      }
    case BY_ELEMENT:
      return hash_of_array(value, hasher);
    case BY_ATTRIBUTE:
      return hash_of_record(value, &any, CurrentMemoryContext);
    case BY_SEND: {
      bytea* sent = SendFunctionCall(&hasher->function, value);
      return hash_of_bytes(VARDATA_ANY(sent), VARSIZE_ANY_EXHDR(sent));
    }
    case BY_TEXT:
      break;
  }
  char* text = OutputFunctionCall(&hasher->function, value);
  return hash_of_bytes(text, (int)strlen(text));
}

static uint64 hash_of_array(Datum value, type_hasher* hasher) {
  ArrayType* array = DatumGetArrayTypeP(value);
  uint64 hash = mixed((uint64)ARR_NDIM(array));
  const type_hasher* element = hasher->element;
  Datum* elements;
  bool* nulls;
  int count;
  for (int i = 0; i < ARR_NDIM(array); i++)
    hash = hash_combine64(hash, mixed(((uint64)ARR_DIMS(array)[i] << 32)
                                      + (uint32)ARR_LBOUND(array)[i]));
  deconstruct_array(array, hasher->element_type, element->length,
                    element->by_value, element->alignment, &elements, &nulls,
                    &count);
  for (int i = 0; i < count; i++)
    hash = hash_combine64(
      hash,
      nulls[i] ? HASH_OF_NULL : hash_of_value(elements[i], hasher->element));
  return hash;
}

row_hasher* new_row_hasher(TupleDesc row) {
  row_hasher* made = palloc(sizeof(row_hasher));
  made->row = row;
  made->columns = palloc0(sizeof(type_hasher) * (size_t)row->natts);
  for (int i = 0; i < row->natts; i++)
    if (!TupleDescAttr(row, i)->attisdropped)
      init_hasher(&made->columns[i], TupleDescAttr(row, i)->atttypid,
                  CurrentMemoryContext);
  return made;
}

uint64 hash_of_row(row_hasher* known, const Datum* values, const bool* nulls) {
  uint64 hash = 0;
  for (int i = 0; i < known->row->natts; i++)
    if (!TupleDescAttr(known->row, i)->attisdropped)
      hash = hash_combine64(
        hash,
        nulls[i] ? HASH_OF_NULL : hash_of_value(values[i], &known->columns[i]));
  return mixed(hash);
}

static void init_record(record_hasher* known, Oid type, int32 modifier,
                        MemoryContext context) {
  MemoryContext former = MemoryContextSwitchTo(context);
  TupleDesc row = lookup_rowtype_tupdesc_copy(type, modifier);
  known->row = new_row_hasher(row);
  known->values = palloc(sizeof(Datum) * (size_t)row->natts);
  known->nulls = palloc(sizeof(bool) * (size_t)row->natts);
  known->type = type;
  known->modifier = modifier;
  MemoryContextSwitchTo(former);
}

static uint64 hash_of_record(Datum record, record_hasher* known,
                             MemoryContext context) {
  HeapTupleHeader header = DatumGetHeapTupleHeader(record);
  HeapTupleData tuple
    = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
  ItemPointerSetInvalid(&tuple.t_self);
  if (known->type != HeapTupleHeaderGetTypeId(header)
      || known->modifier != HeapTupleHeaderGetTypMod(header))
    init_record(known, HeapTupleHeaderGetTypeId(header),
                HeapTupleHeaderGetTypMod(header), context);
  heap_deform_tuple(&tuple, known->row->row, known->values, known->nulls);
  return hash_of_row(known->row, known->values, known->nulls);
}

text* content_hash_text(uint64 sum) {
  return cstring_to_text(psprintf("%016" INT64_MODIFIER "x", sum));
}

// (sum bigint, record) returns bigint
Datum pgtrickle_add_row_hash(PG_FUNCTION_ARGS) {
  uint64 sum = (uint64)PG_GETARG_INT64(0);
  record_hasher* known = fcinfo->flinfo->fn_extra;
  count_row();
  if (PG_ARGISNULL(1))
    PG_RETURN_INT64((int64)(sum + HASH_OF_NULL));
  if (known == NULL)
    known = fcinfo->flinfo->fn_extra
      = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(record_hasher));
  sum += hash_of_record(PG_GETARG_DATUM(1), known, fcinfo->flinfo->fn_mcxt);
  PG_RETURN_INT64((int64)sum);
}

// (bigint, bigint) returns bigint
Datum pgtrickle_add_hashes(PG_FUNCTION_ARGS) {
  PG_RETURN_INT64(
    (int64)((uint64)PG_GETARG_INT64(0) + (uint64)PG_GETARG_INT64(1)));
}

// (bigint) returns text
Datum pgtrickle_hash_text(PG_FUNCTION_ARGS) {
  count_rest();
  PG_RETURN_TEXT_P(content_hash_text((uint64)PG_GETARG_INT64(0)));
}
