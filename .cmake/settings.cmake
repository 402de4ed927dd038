# SPDX-License-Identifier: MIT
# How gregor's own programs are built. Nothing here reaches who links gregor::gregor.
include_guard(GLOBAL)

option(GREGOR_WERROR "Treat warnings in gregor's own programs as errors" OFF)
set(GREGOR_SANITIZE "" CACHE STRING "For gregor's own programs: thread, or address,undefined")
set(GREGOR_STDLIB "" CACHE STRING "Empty for the compiler's own standard library, or libc++")

if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_CXX_EXTENSIONS OFF)
    set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
    # The standard library is one decision for everything that is linked together, fetched packages
    # and configure checks included, so it goes where all of them look.
    if(GREGOR_STDLIB AND NOT CMAKE_CXX_FLAGS MATCHES "-stdlib=")
        string(APPEND CMAKE_CXX_FLAGS " -stdlib=${GREGOR_STDLIB}")
    endif()
endif()

add_library(gregor_sanitized INTERFACE)
if(GREGOR_SANITIZE)
    set(flags "-fsanitize=${GREGOR_SANITIZE}" -fno-omit-frame-pointer)
    if(GREGOR_SANITIZE MATCHES "undefined")
        list(APPEND flags -fno-sanitize-recover=undefined)
    endif()
    target_compile_options(gregor_sanitized INTERFACE ${flags})
    target_link_options(gregor_sanitized INTERFACE ${flags})
endif()

add_library(gregor_strict INTERFACE)
target_link_libraries(gregor_strict INTERFACE gregor_sanitized)
if(CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC" OR MSVC)
    target_compile_options(gregor_strict INTERFACE /W4 /permissive- /Zc:__cplusplus)
    target_compile_options(gregor_strict INTERFACE $<$<BOOL:${GREGOR_WERROR}>:/WX>)
else()
    target_compile_options(gregor_strict INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
    target_compile_options(gregor_strict INTERFACE $<$<BOOL:${GREGOR_WERROR}>:-Werror>)
endif()

# gregor_header_library(name header...): an INTERFACE target over headers below include/, with the
# alias gregor::name (less the prefix).
function(gregor_header_library name)
    add_library(${name} INTERFACE)
    string(REGEX REPLACE "^gregor_" "" short "${name}")
    add_library(gregor::${short} ALIAS ${name})
    set_target_properties(${name} PROPERTIES EXPORT_NAME ${short} VERIFY_INTERFACE_HEADER_SETS ON)
    if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
        target_sources(
            ${name} INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES
                              ${ARGN})
    else()
        target_include_directories(
            ${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
    endif()
endfunction()

# gregor_executable(name source...): one of our own programs, with every warning on.
function(gregor_executable name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE gregor::gregor gregor_strict)
    if(TARGET gregor_format)
        target_link_libraries(${name} PRIVATE gregor::format)
    endif()
    if(TARGET gregor_run)
        target_link_libraries(${name} PRIVATE gregor::run)
    endif()
endfunction()

# gregor_launcher(variable): what has to stand before a program so that it runs as configured. Older
# ThreadSanitizers refuse an address space laid out with as many random bits as newer kernels use.
function(gregor_launcher variable)
    set(${variable} "" PARENT_SCOPE)
    if(GREGOR_SANITIZE MATCHES "thread" AND CMAKE_HOST_SYSTEM_NAME STREQUAL "Linux")
        find_program(GREGOR_SETARCH setarch)
        if(GREGOR_SETARCH)
            execute_process(
                COMMAND "${GREGOR_SETARCH}" --addr-no-randomize true
                RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
            if(NOT refused)
                set(${variable} "${GREGOR_SETARCH}" --addr-no-randomize PARENT_SCOPE)
            endif()
        endif()
    endif()
endfunction()
