// SPDX-License-Identifier: MIT
// The main of Catch2 2.13, compiled here once: a test program links it from a library.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
