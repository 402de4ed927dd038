// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>

// The whole program, where there are no logs on disk yet.
int main()
{
    std::puts("there are no logs on disk on this system yet");
}
