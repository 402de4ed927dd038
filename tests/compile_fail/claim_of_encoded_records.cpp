// expect: claim
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <string>

#ifdef GREGOR_COMPILES
using value = int;
#else
using value = std::string;
#endif

int main()
{
    gregor::topic<value, gregor::storage::mmap_log> values{"values"};
    gregor::producer out{values};
    return out.claim(1) ? 0 : 1;
}
