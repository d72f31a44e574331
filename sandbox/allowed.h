/* The calls that a program has. */
#ifndef RUNYARD_ALLOWED_H
#define RUNYARD_ALLOWED_H

#include <stddef.h>

struct call_names {
    const char *const *names;
    size_t count;
};
struct call_numbers {
    const int *numbers;
    size_t count;
};
extern const struct call_names allowed_calls, root_calls, idle_calls;
extern const struct call_numbers newer_calls;

#endif
