// SPDX-License-Identifier: MIT
#pragma once

/// The version of the library; the build files read it from here.
#define GREGOR_VERSION_MAJOR 0
#define GREGOR_VERSION_MINOR 1
#define GREGOR_VERSION_PATCH 0
