// SPDX-License-Identifier: MIT
// The test of groups by a driver, whose parts are files of their own, as the one file that a finder
// of faults is.

#include "unit/group/driver/looking.cpp"
#include "unit/group/driver/reading.cpp"
#include "unit/group/driver/sending.cpp"
#include "unit/group/group_driver_test.cpp"
