// expect: run_keyed works on copies, so not with groups::one
// SPDX-License-Identifier: MIT
#include <gregor/handlers/keyed.hpp>

struct job {
    int key;
    int work;
};
#ifdef GREGOR_COMPILES
using jobs = gregor::topic<job, gregor::keyed_by<&job::key>>;
#else
using jobs = gregor::topic<job, gregor::keyed_by<&job::key>, gregor::groups::one>;
#endif
struct handler {
    void operator()(const gregor::record<jobs>&) const {}
};
struct queue {};

int main()
{
    return static_cast<int>(
        sizeof(gregor::keyed_crew<jobs, handler, gregor::no_dead_letters, queue>));
}
