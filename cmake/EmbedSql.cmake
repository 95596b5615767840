# embed_sql(<target> <header> <file.sql>...)   files are relative to sql/
#
# Generates <header>, in which each file is a constant of its own name:
#   namespace pgtrickle::sql { inline constexpr std::string_view <name> = "..."; }
function(embed_sql target header)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${header})
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/sql/ OUTPUT_VARIABLE files)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${output}" "-DFILES=${files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedSqlScript.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/EmbedSqlScript.cmake
    VERBATIM)
  string(MAKE_C_IDENTIFIER ${header} id)
  add_custom_target(${target}_${id} DEPENDS ${output})
  add_dependencies(${target} ${target}_${id})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL INTERFACE_LIBRARY)
    target_include_directories(${target} INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  else()
    target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  endif()
endfunction()
