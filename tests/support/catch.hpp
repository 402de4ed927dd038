// SPDX-License-Identifier: MIT
#pragma once

// Catch2 as one header (2.13), as an installed library (3), or as 3 in one file, as it is fetched.
#if __has_include(<catch_amalgamated.hpp>)
#    include <catch_amalgamated.hpp>
#elif __has_include(<catch2/catch_all.hpp>)
#    include <catch2/catch_all.hpp>
#else
#    include <catch2/catch.hpp>
#endif
