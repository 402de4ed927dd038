// expect: run needs a handler that takes a const record<Topic>& or a const batch<Topic>&
// SPDX-License-Identifier: MIT
#include <gregor/handlers/attending.hpp>

using numbers = gregor::topic<int>;
#ifdef GREGOR_COMPILES
using taken = gregor::record<numbers>;
#else
using taken = int*;
#endif
struct handler {
    void operator()(const taken&) const {}
};

int main()
{
    return static_cast<int>(
        sizeof(gregor::attending_crew<numbers, handler, gregor::no_dead_letters>));
}
