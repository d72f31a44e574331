/*
 * A counter of the leader's that its children inherit, theirs too: it is off, begins in each with its execve, and the leader, which
 * executes nothing, stays without. What a process counted is added to it at its end. Only what is executed outside of the kernel
 * counts: that is the same in every run, and all that the kernel counts for users without privileges, unless
 * kernel.perf_event_paranoid is above 2. Machines without a counter of instructions, most virtual ones, answer ENOENT.
 */
#include "instructions.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Tests count something that every machine counts. */
#ifndef COUNTED_TYPE
#define COUNTED_TYPE PERF_TYPE_HARDWARE
#define COUNTED_CONFIG PERF_COUNT_HW_INSTRUCTIONS
#endif

static int counter = -1;
static int64_t before;

void instructions_end(void)
{
    if (counter >= 0)
        close(counter);
    counter = -1;
    before = 0;
}

void instructions_begin(void)
{
    struct perf_event_attr what = {
        .type = COUNTED_TYPE,
        .size = sizeof what,
        .config = COUNTED_CONFIG,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .disabled = 1,
        .inherit = 1,
        .enable_on_exec = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    instructions_end();
    counter = (int)syscall(SYS_perf_event_open, &what, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static int64_t counted(void)
{
    struct {
        uint64_t value, enabled, running;
    } now;
    ssize_t n = -1;
    if (counter >= 0)
        do
            n = read(counter, &now, sizeof now);
        while (n < 0 && errno == EINTR);
    /* Who shares the processor's counters with others has not counted all. */
    if (n != sizeof now || now.running < now.enabled || now.value > INT64_MAX)
        return INSTRUCTIONS_UNKNOWN;
    return (int64_t)now.value;
}

void instructions_count_from_here(void)
{
    int64_t now = counted();
    if (now == INSTRUCTIONS_UNKNOWN)
        instructions_end();
    else
        before = now;
}

int64_t instructions_used(void)
{
    int64_t now = counted();
    return now == INSTRUCTIONS_UNKNOWN ? now : now - before;
}
