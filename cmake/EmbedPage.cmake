# embed_page(<target> <header> <file>...)   files are relative to this folder
#
# Generates <header>, in which each file is an entry of a table:
#   namespace pgtrickle::page {
#   struct file { std::string_view name; std::string_view content; };
#   inline constexpr std::array<file, n> files{...}; }
function(embed_page target header)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${header})
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${output}" "-DFILES=${files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedPageScript.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/EmbedPageScript.cmake
    VERBATIM)
  string(MAKE_C_IDENTIFIER ${header} id)
  add_custom_target(${target}_${id} DEPENDS ${output})
  add_dependencies(${target} ${target}_${id})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded)
endfunction()
