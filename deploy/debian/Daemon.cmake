# Package pgtrickle: the daemon, pgtricklectl, and what runs them.
set(share ${PROJECT_SOURCE_DIR}/deploy)

install(TARGETS pgtrickled RUNTIME DESTINATION /usr/sbin COMPONENT daemon)
install(TARGETS pgtricklectl RUNTIME DESTINATION /usr/bin COMPONENT daemon)
install_compressed(${manual_folder}/pgtrickled.8 /usr/share/man/man8 pgtrickled.8 daemon)
install_compressed(${manual_folder}/pgtricklectl.1 /usr/share/man/man1 pgtricklectl.1 daemon)

# --- service --------------------------------------------------------------------
install(FILES ${share}/systemd/pgtrickled.service
        DESTINATION /lib/systemd/system COMPONENT daemon)
install(FILES ${share}/systemd/pgtrickle.sysusers DESTINATION /usr/lib/sysusers.d
        RENAME pgtrickle.conf COMPONENT daemon)
set(default_file ${CMAKE_CURRENT_BINARY_DIR}/pgtrickled.conf)
add_custom_command(OUTPUT ${default_file}
  COMMAND render_default_file ${default_file} DEPENDS render_default_file VERBATIM)
add_custom_target(default_file DEPENDS ${default_file})
install(FILES ${default_file} DESTINATION /etc/pgtrickle COMPONENT daemon)

# --- completion -----------------------------------------------------------------
foreach(shell bash zsh)
  set(${shell}_completion ${CMAKE_CURRENT_BINARY_DIR}/completion.${shell})
  add_custom_command(OUTPUT ${${shell}_completion}
    COMMAND sh -c "$<TARGET_FILE:pgtricklectl> completion ${shell} >'${${shell}_completion}'"
    DEPENDS pgtricklectl VERBATIM)
endforeach()
add_custom_target(completions DEPENDS ${bash_completion} ${zsh_completion})
install(FILES ${bash_completion} DESTINATION /usr/share/bash-completion/completions
        RENAME pgtricklectl COMPONENT daemon)
install(FILES ${zsh_completion} DESTINATION /usr/share/zsh/vendor-completions
        RENAME _pgtricklectl COMPONENT daemon)

# --- documents and examples -----------------------------------------------------
install_package_documents(${daemon_package} daemon)
foreach(example prometheus grafana nats)
  if(EXISTS ${share}/${example})
    install(DIRECTORY ${share}/${example}
            DESTINATION /usr/share/doc/${daemon_package}/examples COMPONENT daemon
            PATTERN "*_test.*" EXCLUDE)
  endif()
endforeach()

# --- control --------------------------------------------------------------------
set(CPACK_DEBIAN_DAEMON_PACKAGE_NAME ${daemon_package})
set(CPACK_DEBIAN_DAEMON_DESCRIPTION
"stream tables for PostgreSQL: daemon and command line
A stream table is defined by a query, and pgtrickle keeps it equal to that
query by applying what changed, so that a refresh costs what the change costs
and not what the tables weigh.

This package has the daemon pgtrickled, its systemd service, and the command
line pgtricklectl. The extension of PostgreSQL is in ${extension_package}.")
# One of them makes the user of the service; images do without all of systemd.
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_DAEMON_PACKAGE_RECOMMENDS nats-server)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SUGGESTS "${extension_package}, prometheus")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_SOURCE_DIR}/conffiles ${CMAKE_CURRENT_SOURCE_DIR}/postinst
  ${CMAKE_CURRENT_SOURCE_DIR}/prerm ${CMAKE_CURRENT_SOURCE_DIR}/postrm)
