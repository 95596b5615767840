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
set(CPACK_DEBIAN_POSTGRES_PACKAGE_DEPENDS postgresql-15)
set(CPACK_DEBIAN_POSTGRES_PACKAGE_SUGGESTS ${daemon_package})
