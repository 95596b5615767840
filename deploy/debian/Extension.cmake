# Package postgresql-15-pg-trickle; sql/ installs what it consists of.
install_package_documents(${extension_package} extension_documents)

set(CPACK_DEBIAN_POSTGRES_PACKAGE_NAME ${extension_package})
set(CPACK_DEBIAN_POSTGRES_DESCRIPTION
"stream tables for PostgreSQL: extension
A stream table is defined by a query, and pgtrickle keeps it equal to that
query by applying what changed, so that a refresh costs what the change costs
and not what the tables weigh.

This package has the extension pg_trickle, which captures changes and gives
the daemon of package ${daemon_package} an SQL interface.")
# PostgreSQL's headers may call functions that are new in their minor release, so
# an older server could not load what was built with them.
execute_process(COMMAND ${PG_CONFIG} --version OUTPUT_VARIABLE pg_version
                COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "[0-9]+\\.[0-9]+" pg_version "${pg_version}")
set(CPACK_DEBIAN_POSTGRES_PACKAGE_DEPENDS "postgresql-15 (>= ${pg_version})")
set(CPACK_DEBIAN_POSTGRES_PACKAGE_SUGGESTS ${daemon_package})
