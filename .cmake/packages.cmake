# SPDX-License-Identifier: MIT
# The packages that two of gregor's headers and its own programs use: what is installed is taken,
# what is not is fetched from upstream and must have the hash written here. gregor::gregor itself
# needs none of them.
include_guard(GLOBAL)
include(FetchContent)

set(GREGOR_PACKAGES "auto" CACHE STRING "auto: installed packages first; fetch: the pinned ones")
set(GREGOR_DOWNLOAD_DIR "" CACHE PATH "Where fetched archives are looked for and kept")

# gregor_fetch(name url sha256): unpacks the archive; the sources are then in ${name}_SOURCE_DIR.
# Its build files are not run: the little that is needed of each package is said below.
macro(gregor_fetch name url sha256)
    set(gregor_fetch_where "")
    if(GREGOR_DOWNLOAD_DIR)
        set(gregor_fetch_where DOWNLOAD_DIR "${GREGOR_DOWNLOAD_DIR}")
    endif()
    message(STATUS "gregor: ${name} is not installed, or not asked for: fetching ${url}")
    FetchContent_Declare(
        ${name}
        URL "${url}"
        URL_HASH "SHA256=${sha256}" ${gregor_fetch_where}
        SOURCE_SUBDIR only_the_sources)
    FetchContent_MakeAvailable(${name})
endmacro()

# gregor_everywhere(target): makes an imported target known outside the folder that found it.
function(gregor_everywhere target)
    get_target_property(imported ${target} IMPORTED)
    if(imported)
        set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
endfunction()

# gregor_fmt: fmt 9.1 or later.
function(gregor_need_fmt)
    if(TARGET gregor_fmt)
        return()
    endif()
    if(NOT GREGOR_PACKAGES STREQUAL "fetch" AND NOT TARGET fmt::fmt)
        find_package(fmt 9.1 CONFIG QUIET)
    endif()
    add_library(gregor_fmt INTERFACE)
    if(NOT TARGET fmt::fmt)
        gregor_fetch(
            fmt "https://github.com/fmtlib/fmt/releases/download/12.1.0/fmt-12.1.0.zip"
            695fd197fa5aff8fc67b5f2bbc110490a875cdf7a41686ac8512fb480fa8ada7)
        target_include_directories(gregor_fmt SYSTEM INTERFACE "${fmt_SOURCE_DIR}/include")
        target_compile_definitions(gregor_fmt INTERFACE FMT_HEADER_ONLY=1)
    else()
        # The compiled library speaks the system's standard library, and maybe not ours.
        set(which fmt::fmt)
        if(GREGOR_STDLIB AND TARGET fmt::fmt-header-only)
            set(which fmt::fmt-header-only)
        endif()
        target_link_libraries(gregor_fmt INTERFACE ${which})
        gregor_everywhere(${which})
    endif()
endfunction()

# gregor_concurrentqueue: moodycamel's queue, as <concurrentqueue.h>. Debian installs headers alone,
# in a folder of their name; upstream's package has another one; an unpacked archive has none.
function(gregor_need_concurrentqueue)
    if(TARGET gregor_concurrentqueue)
        return()
    endif()
    if(NOT GREGOR_PACKAGES STREQUAL "fetch")
        set(hints "")
        find_package(concurrentqueue CONFIG QUIET)
        if(TARGET concurrentqueue::concurrentqueue)
            get_target_property(
                hints concurrentqueue::concurrentqueue INTERFACE_INCLUDE_DIRECTORIES)
        endif()
        find_path(
            GREGOR_CONCURRENTQUEUE_DIR concurrentqueue.h
            HINTS ${hints}
            PATH_SUFFIXES concurrentqueue concurrentqueue/moodycamel moodycamel)
        mark_as_advanced(GREGOR_CONCURRENTQUEUE_DIR)
        set(folder "${GREGOR_CONCURRENTQUEUE_DIR}")
    endif()
    if(NOT folder)
        gregor_fetch(
            concurrentqueue
            "https://github.com/cameron314/concurrentqueue/archive/refs/tags/v1.0.4.tar.gz"
            87fbc9884d60d0d4bf3462c18f4c0ee0a9311d0519341cac7cbd361c885e5281)
        set(folder "${concurrentqueue_SOURCE_DIR}")
    endif()
    add_library(gregor_concurrentqueue INTERFACE)
    target_include_directories(gregor_concurrentqueue SYSTEM INTERFACE "${folder}")
endfunction()

# gregor_catch: Catch2, 2.13 or 3, with its main. tests/support/catch.hpp includes what there is.
function(gregor_need_catch)
    if(TARGET gregor_catch)
        return()
    endif()
    if(NOT GREGOR_PACKAGES STREQUAL "fetch")
        find_package(Catch2 CONFIG QUIET)
    endif()
    set(major 3)
    if(Catch2_FOUND AND Catch2_VERSION VERSION_GREATER_EQUAL 2.13 AND Catch2_VERSION VERSION_LESS 3)
        set(major 2)
        # One header; an installed main would know fewer types than C++20 has.
        add_library(gregor_catch STATIC "${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp")
        target_link_libraries(gregor_catch PUBLIC Catch2::Catch2 PRIVATE gregor_sanitized)
    elseif(Catch2_FOUND AND Catch2_VERSION VERSION_GREATER_EQUAL 3)
        # A library, which may have been built for another standard library or an older language.
        include(CheckCXXSourceCompiles)
        set(CMAKE_REQUIRED_LIBRARIES Catch2::Catch2WithMain)
        set(CMAKE_CXX_STANDARD 20)
        check_cxx_source_compiles(
            "#include <catch2/catch_test_macros.hpp>
             #include <string>
             #include <string_view>
             TEST_CASE(\"it links\") { CHECK(std::string_view{\"a\"} == std::string{\"a\"}); }"
            GREGOR_INSTALLED_CATCH_LINKS)
        if(GREGOR_INSTALLED_CATCH_LINKS)
            add_library(gregor_catch INTERFACE)
            target_link_libraries(gregor_catch INTERFACE Catch2::Catch2WithMain)
        endif()
    endif()
    if(NOT TARGET gregor_catch)
        gregor_fetch(
            catch2 "https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz"
            c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c)
        add_library(gregor_catch STATIC "${catch2_SOURCE_DIR}/extras/catch_amalgamated.cpp")
        target_include_directories(gregor_catch SYSTEM PUBLIC "${catch2_SOURCE_DIR}/extras")
        target_link_libraries(gregor_catch PRIVATE gregor_sanitized)
    endif()
    set_target_properties(gregor_catch PROPERTIES GREGOR_CATCH_MAJOR "${major}")
    get_target_property(type gregor_catch TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
        target_compile_features(gregor_catch PUBLIC cxx_std_20)
    endif()
endfunction()
