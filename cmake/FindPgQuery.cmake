# Debian's libpg-query-dev ships headers and a library, but no package file.
find_path(PGQUERY_INCLUDE_DIR pg_query.h)
find_library(PGQUERY_LIBRARY pg_query)
find_file(PGQUERY_PROTO pg_query/pg_query.proto HINTS ${PGQUERY_INCLUDE_DIR})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  PgQuery REQUIRED_VARS PGQUERY_LIBRARY PGQUERY_INCLUDE_DIR PGQUERY_PROTO)

if(PgQuery_FOUND AND NOT TARGET PgQuery::pg_query)
  add_library(PgQuery::pg_query UNKNOWN IMPORTED)
  set_target_properties(
    PgQuery::pg_query PROPERTIES IMPORTED_LOCATION ${PGQUERY_LIBRARY}
                                 INTERFACE_INCLUDE_DIRECTORIES ${PGQUERY_INCLUDE_DIR})
endif()
