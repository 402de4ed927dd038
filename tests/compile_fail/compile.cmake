# SPDX-License-Identifier: MIT
# cmake -DCOMPILER= -DFLAGS= -DSOURCE= -DFAILS= -P compile.cmake: compiles, or expects the
# first error to be the sentence that the first line of the source asks for.
execute_process(
    COMMAND "${COMPILER}" ${FLAGS} "${SOURCE}"
    RESULT_VARIABLE result
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)

if(NOT FAILS)
    if(NOT result EQUAL 0)
        message("${output}")
        message(FATAL_ERROR "does not compile")
    endif()
    return()
endif()

file(STRINGS "${SOURCE}" first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect: (.+)$")
    message(FATAL_ERROR "the first line is not `// expect: <regex>`: ${first_line}")
endif()
set(expected "${CMAKE_MATCH_1}")
if(result EQUAL 0)
    message(FATAL_ERROR "compiles, where this was expected: ${expected}")
endif()

# A semicolon or bracket in the output would split or join list items.
string(REGEX REPLACE "[][;]" " " lines "${output}")
string(REPLACE "\n" ";" lines "${lines}")
foreach(line IN LISTS lines)
    if(line MATCHES "error( [A-Z]+[0-9]+)?:")
        if(line MATCHES "${expected}")
            return()
        endif()
        break()
    endif()
endforeach()
message("${output}")
message(FATAL_ERROR "the first error does not say: ${expected}")
