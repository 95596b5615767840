# rendered_manual(<page>.<section> <program>): the man page that <program>
# renders from declarations, in <build>/manual/. A test has mandoc read it.
set(manual_folder ${PROJECT_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${manual_folder})
string(TIMESTAMP release_date "%Y-%m-%d" UTC)
add_custom_target(manuals)

function(rendered_manual page program)
  set(output ${manual_folder}/${page})
  add_custom_command(OUTPUT ${output}
    COMMAND ${program} ${output} ${release_date} DEPENDS ${program} VERBATIM)
  add_custom_target(${program}_page ALL DEPENDS ${output})
  add_dependencies(manuals ${program}_page)
  add_test(NAME "mandoc has nothing to say against ${page}"
    COMMAND mandoc -Tlint -Wwarning ${output})
  set_tests_properties("mandoc has nothing to say against ${page}"
    PROPERTIES LABELS unit)
endfunction()
