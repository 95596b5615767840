# rendered_page(<page> <program>): docs/<page> is what <program> renders from
# declarations. A test compares them; `cmake --build --preset dev --target docs`
# writes the page anew.
add_custom_target(docs)
function(rendered_page page program)
  add_custom_target(${program}_page
    COMMAND ${program} ${PROJECT_SOURCE_DIR}/docs/${page})
  add_dependencies(docs ${program}_page)
  set(test "docs/${page} is what the declarations render")
  add_test(NAME "${test}"
    COMMAND sh -c "$<TARGET_FILE:${program}> rendered_${page} && diff '${PROJECT_SOURCE_DIR}/docs/${page}' rendered_${page}")
  set_tests_properties("${test}" PROPERTIES LABELS unit)
endfunction()
