# SPDX-License-Identifier: MIT
# cmake -DINCLUDE=<folder> -DVERSION=<x.y.z> -DLICENSE=<file> -DOUTPUT=<file> -P single_header.cmake:
# all that gregor/gregor.hpp includes, and logs on disk, in one file, for who wants to copy one file. The headers of
# the standard library and of the system stay where they are, in their conditions; a header of ours
# is included unconditionally, or what it is included for the second time would miss it.

# Text goes through strings alone: a list would part it at semicolons.
function(say text)
    set_property(GLOBAL APPEND_STRING PROPERTY whole "${text}")
endfunction()

# Adds a header, with those that it includes before what comes after them, each once.
function(expand header)
    get_property(seen GLOBAL PROPERTY seen_${header})
    if(seen)
        return()
    endif()
    set_property(GLOBAL PROPERTY seen_${header} TRUE)
    file(READ "${INCLUDE}/${header}" text)
    string(REPLACE "// SPDX-License-Identifier: MIT\n" "" text "${text}")
    string(REPLACE "#pragma once\n" "" text "${text}")
    while(text MATCHES "#include \"(gregor/[^\"]+)\"\n")
        set(line "${CMAKE_MATCH_0}")
        set(included "${CMAKE_MATCH_1}")
        string(FIND "${text}" "${line}" at)
        string(SUBSTRING "${text}" 0 ${at} before)
        string(LENGTH "${line}" length)
        math(EXPR after "${at} + ${length}")
        string(SUBSTRING "${text}" ${after} -1 text)
        say("${before}")
        expand("${included}")
    endwhile()
    say("${text}")
endfunction()

file(READ "${LICENSE}" license)
string(STRIP "${license}" license)
string(REGEX REPLACE "\n" "\n// " license "${license}")
string(REGEX REPLACE " +\n" "\n" license "${license}")
say("// SPDX-License-Identifier: MIT
// gregor ${VERSION} in one header, made from its headers; see there for the sources.
//
// ${license}
#pragma once
")
expand("gregor/gregor.hpp")
expand("gregor/mmap_log.hpp")
get_property(whole GLOBAL PROPERTY whole)
string(REGEX REPLACE "\n\n\n+" "\n\n" whole "${whole}")
get_filename_component(folder "${OUTPUT}" DIRECTORY)
file(MAKE_DIRECTORY "${folder}")
file(WRITE "${OUTPUT}" "${whole}")
