/* The limit of CPU time is looked at as early as it could be met, however many processors the kernel knows. */
#include <errno.h>
#include <sched.h>
#include <sys/timerfd.h>

static int known_processors, used_processors;
static long waited_us;

/* Refuses a set that is smaller than its own, as the kernel does. */
static int fake_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    (void)pid;
    if (size * 8 < (size_t)known_processors) {
        errno = EINVAL;
        return -1;
    }
    CPU_ZERO_S(size, set);
    for (int i = 0; i < used_processors; i++)
        CPU_SET_S((size_t)(known_processors - 1 - i), size, set);
    return 0;
}

static int fake_settime(int timer, int flags, const struct itimerspec *at, struct itimerspec *before)
{
    (void)timer;
    (void)flags;
    (void)before;
    waited_us = at->it_value.tv_sec * 1000000 + at->it_value.tv_nsec / 1000;
    return 0;
}

#define sched_getaffinity fake_getaffinity
#define timerfd_settime fake_settime
#include "../../../sandbox/stage.c"

#include "check.h"

static long wait_of(int known, int used)
{
    known_processors = known;
    used_processors = used;
    set_cpu_timer(0);
    return waited_us;
}

int main(void)
{
    stage.plan.cpu_ms = 600000;
    CHECK(wait_of(8, 2) == 300000000);
    CHECK(wait_of(4096, 3) == 200000000);
    CHECK(wait_of(MOST_PROCESSORS, 6) == 100000000);
    /* When the kernel does not say, there may be as many as there can be. */
    CHECK(wait_of(2 * MOST_PROCESSORS, 1) == 600000000 / MOST_PROCESSORS);
    return 0;
}
