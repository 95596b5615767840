# install_compressed(<file> <destination> <name> <component>)
#
# Installs <file> as <destination>/<name>.gz, the same bytes for the same file.
add_custom_target(compressed)

function(install_compressed file destination name component)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/compressed/${component}/${name}.gz)
  get_filename_component(folder ${output} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${output}
    COMMAND sh -c "gzip -9nc '${file}' >'${output}'" DEPENDS ${file} VERBATIM)
  string(MAKE_C_IDENTIFIER ${component}_${name} target)
  add_custom_target(compress_${target} DEPENDS ${output})
  add_dependencies(compressed compress_${target})
  if(name MATCHES "^pgtrickle(d|ctl)\\.[18]$")
    add_dependencies(compress_${target} manuals)
  endif()
  install(FILES ${output} DESTINATION ${destination} COMPONENT ${component})
endfunction()

# What Debian wants of each package: licence and changes.
function(install_package_documents package component)
  set(folder /usr/share/doc/${package})
  install(FILES copyright DESTINATION ${folder} COMPONENT ${component})
  configure_file(changelog.in changelog.${component} @ONLY)
  install_compressed(${CMAKE_CURRENT_BINARY_DIR}/changelog.${component} ${folder}
                     changelog.Debian ${component})
  install_compressed(${PROJECT_SOURCE_DIR}/CHANGELOG.md ${folder} changelog ${component})
endfunction()
