// expect: run_keyed needs a topic whose records have keys
// SPDX-License-Identifier: MIT
#include <gregor/handlers/keyed.hpp>

struct job {
    int key;
    int work;
};
#ifdef GREGOR_COMPILES
using jobs = gregor::topic<job, gregor::keyed_by<&job::key>>;
#else
using jobs = gregor::topic<job>;
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
