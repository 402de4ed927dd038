# SPDX-License-Identifier: MIT
# Builds the consumer with what the installed gregor.pc says, and nothing else, and runs it.
set(ENV{PKG_CONFIG_PATH} "${PKG_CONFIG_PATH}")
execute_process(
    COMMAND "${PKG_CONFIG}" --modversion gregor
    OUTPUT_VARIABLE found
    OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT found STREQUAL VERSION)
    message(FATAL_ERROR "pkg-config knows gregor \"${found}\", not ${VERSION}")
endif()
execute_process(
    COMMAND "${PKG_CONFIG}" --cflags --libs gregor
    OUTPUT_VARIABLE said
    OUTPUT_STRIP_TRAILING_WHITESPACE)
separate_arguments(said NATIVE_COMMAND "${said}")
separate_arguments(FLAGS NATIVE_COMMAND "${FLAGS}")
execute_process(
    COMMAND "${COMPILER}" ${FLAGS} -std=c++20 "${SOURCE}" -o "${PROGRAM}" ${said}
    RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "does not build with: ${said}")
endif()
execute_process(COMMAND "${PROGRAM}" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "ended with ${result}")
endif()
