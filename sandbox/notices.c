/*
 * Notices: what a stage's program tried that no honest program does in a sandbox. The kernel holds such a call (the list
 * is in seccomp.c) and tells the leader by the listener of the stage's filter; the leader counts it and answers EPERM,
 * which is what the program would have had without any of this. A call is made only where the one who answers says in so
 * many words that it shall be, by a flag that nobody sets here; so no program may ever hold a listener.
 *
 * Nobody waits for ever. A process that waits for its answer can be killed like any other. Once the listener is closed,
 * by the end of the stage or of the leader, the kernel answers ENOSYS by itself. A process has one call under way at most,
 * so what waits here is bounded by the number of processes, and the leader takes a few at a time between its other duties.
 */
#include "sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CALLS_PER_TURN = 32 };

static int listener = -1;
static size_t known;
static struct {
    int number;
    uint32_t count;
} calls[TOLD_CALLS];

static void stop_listening(void)
{
    if (listener >= 0)
        close(listener);
    listener = -1;
}

void notices_begin(int descriptor)
{
    stop_listening();
    listener = descriptor;
    known = 0;
}

int notices_listener(void)
{
    return listener;
}

static void count_call(int number)
{
    size_t i = 0;
    while (i < known && calls[i].number != number)
        i++;
    if (i == TOLD_CALLS)
        return;
    if (i == known) {
        calls[known++].number = number;
        calls[i].count = 0;
    }
    if (calls[i].count < UINT32_MAX)
        calls[i].count++;
}

/* Whether a call waits. To receive without asking could wait for one, since a caller that dies takes its call back. */
static bool call_waits(void)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    if (listener < 0 || poll(&waiting, 1, 0) <= 0)
        return false;
    if (waiting.revents & POLLIN)
        return true;
    /* No process has the filter any more. */
    stop_listening();
    return false;
}

static void answer_call(void)
{
    struct seccomp_notif call = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
        /* The caller is dead. Of anything else a process would wait in vain. */
        if (errno != ENOENT && errno != EINTR) {
            warn("notices: receive: %s", strerror(errno));
            stop_listening();
        }
        return;
    }
    count_call(call.data.nr);
    struct seccomp_notif_resp refusal = {.id = call.id, .error = -EPERM};
    /* ENOENT: dead by now, or called away by a signal. */
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &refusal) < 0 && errno != ENOENT) {
        warn("notices: answer: %s", strerror(errno));
        stop_listening();
    }
}

void notices_take(void)
{
    for (int i = 0; i < CALLS_PER_TURN && call_waits(); i++)
        answer_call();
}

void notices_end(char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < known && used < room; i++) {
        char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), calls[i].number);
        used += (size_t)snprintf(text + used, room - used, "%s{\"name\":\"%s\",\"count\":%u}", used > 0 ? "," : "",
                                 name ? name : "unknown", calls[i].count);
        free(name);
    }
    text[used < room ? used : 0] = 0;
    notices_begin(-1);
}
