/*
 * Notifications: what a stage's program tried that no honest program does in a sandbox. The kernel holds such a call (the list
 * is in seccomp.c) and tells the leader by the listener of the stage's filter; the leader counts it and answers EPERM,
 * which is what the program would have had without any of this. A call is made only where the one who answers says in so
 * many words that it shall be, by a flag; so no program may ever hold a listener.
 *
 * Some calls are no attempt at anything, and take memory of the kernel that no cgroup counts. What lies unread in a socket that lists
 * network interfaces is such: the leader makes these, small, and not more than a few. What lies unsent in sockets of UDP is, with options
 * and copies of what was sent; and so are locks of parts of files. While a cell has not too many, the leader lets the call through. That
 * is decided by numbers alone; what a program changes in its memory meanwhile is for the kernel to read.
 *
 * Nobody waits for ever. A process that waits for its answer can be killed like any other. Once the listener is closed,
 * by the end of the stage or of the leader, the kernel answers ENOSYS by itself. A process has one call under way at most,
 * so what waits here is bounded by the number of processes, and the leader takes a few at a time between its other duties.
 */
#include "seccomp-notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "proc.h"

/* Netlink sockets of one cell at a time, and what each may hold, in bytes, which the kernel doubles. */
enum { CALLS_PER_TURN = 32, NETLINK_SOCKETS = 32, NETLINK_BYTES = 32 << 10 };

/*
 * Locks of one cell at a time: fewer where its devices are the machine's, since whoever closes such a file looks through all that are
 * on it. While they are counted nobody on the machine locks, so it is done after so many calls; where there were too many, after some
 * time, for a program that has closed its files since.
 */
enum { LOCKS = 8192, CALLS_PER_COUNT = 4096, SHARED_LOCKS = 256, RECOUNT_US = 100000 };

/*
 * Sockets of TCP and UDP of one cell at a time, and of UDP alone. One that is in no connection counts twice, since a second one comes up
 * when it connects to its own cell.
 */
enum { INTERNET_SOCKETS = 1024, UDP_SOCKETS = 128 };

static int listener = -1;
static bool devices_shared = true;
/* What may still be made before they are counted again. */
static int sockets_left, udp_left;
static size_t locks_left;
static bool locks_full;
static uint64_t counted_us;
static size_t known;
static struct {
    int number;
    uint32_t count;
} calls[NOTIFIED_CALLS];

static void stop_listening(void)
{
    if (listener >= 0)
        close(listener);
    listener = -1;
}

void notify_begin(int descriptor)
{
    stop_listening();
    listener = descriptor;
    known = 0;
    locks_left = devices_shared ? SHARED_LOCKS : CALLS_PER_COUNT;
    locks_full = false;
    sockets_left = udp_left = 0;
}

void notify_own_devices(void)
{
    devices_shared = false;
}

int notify_listener(void)
{
    return listener;
}

static void count_call(int number)
{
    size_t i = 0;
    while (i < known && calls[i].number != number)
        i++;
    if (i == NOTIFIED_CALLS)
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

/* How many there are in the cell's network; as good as too many when the kernel does not say. */
static int netlink_sockets(void)
{
    char line[256];
    int count = NETLINK_SOCKETS;
    FILE *protocols = fopen("/proc/net/protocols", "re");
    while (protocols && fgets(line, sizeof line, protocols))
        if (sscanf(line, "NETLINK %*d %d", &count) == 1)
            break;
    if (protocols)
        fclose(protocols);
    return count;
}

/*
 * Puts ours among the caller's descriptors, so that the next one is counted with it, and closes it here. Nothing else than the
 * call's numbers is looked at, which nobody can change meanwhile. The caller's descriptor, or minus errno.
 */
static int lend(const struct seccomp_notif *call, int fd, int flags)
{
    if (fd < 0)
        return -errno;
    struct seccomp_notif_addfd lent = {
        .id = call->id, .srcfd = (uint32_t)fd, .newfd_flags = (uint32_t)(flags & O_CLOEXEC)};
    int theirs = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &lent);
    int error = errno;
    close(fd);
    /* A kernel before 5.9 cannot lend. */
    return theirs >= 0 ? theirs : error == EINVAL || error == ENOTTY ? -ENOSYS : -error;
}

_Static_assert(SOCK_CLOEXEC == O_CLOEXEC, "one flag for all descriptors");

static int lend_netlink(const struct seccomp_notif *call)
{
    const int type = (int)call->data.args[1], bytes = NETLINK_BYTES;
    if (netlink_sockets() >= NETLINK_SOCKETS)
        return -ENFILE;
    int fd = socket(AF_NETLINK, type | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) < 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) < 0)) {
        close(fd);
        return -ENOBUFS;
    }
    return lend(call, fd, type);
}

/*
 * The kernel counts a socket of TCP by name once it listens or is connected, and one of UDP once it has a port: made before and used later,
 * any number would pass. But it counts all of a network's together from their making, and those of other kinds by name as well.
 */
static void count_sockets(void)
{
    char line[256], name[32];
    int all = -1, others = 0, connected = 0, count;
    FILE *total = fopen("/proc/net/sockstat", "re"), *protocols = fopen("/proc/net/protocols", "re");
    sockets_left = udp_left = 0;
    if (total && protocols && fgets(line, sizeof line, total) && sscanf(line, "sockets: used %d", &all) == 1) {
        while (fgets(line, sizeof line, protocols)) {
            if (sscanf(line, "%31s %*d %d", name, &count) != 2)
                continue;
            if (strncmp(name, "TCP", 3) == 0)
                connected += count;
            else if (strncmp(name, "UDP", 3) != 0)
                others += count;
        }
        const int apart = all - others - connected;
        sockets_left = (INTERNET_SOCKETS - connected) / 2 - apart;
        udp_left = UDP_SOCKETS - apart;
    }
    if (total)
        fclose(total);
    if (protocols)
        fclose(protocols);
}

static bool may_make_socket(bool udp)
{
    if (sockets_left <= 0 || (udp && udp_left <= 0))
        count_sockets();
    if (sockets_left <= 0 || (udp && udp_left <= 0))
        return false;
    sockets_left--;
    udp_left -= udp;
    return true;
}

/* Those of open files, which may be another cell's, are none of ours: a program cannot make them. */
static size_t count_locks(size_t most)
{
    char line[256];
    size_t count = 0;
    int fd = openat(proc_writable, "locks", O_RDONLY | O_CLOEXEC);
    FILE *locks = fd < 0 ? NULL : fdopen(fd, "r");
    while (locks && count < most && fgets(line, sizeof line, locks))
        count += strstr(line, " OFDLCK ") == NULL;
    if (locks)
        fclose(locks);
    else if (fd >= 0)
        close(fd);
    return count;
}

static bool may_lock(void)
{
    if (locks_full ? clock_us(CLOCK_MONOTONIC) - counted_us >= RECOUNT_US : locks_left == 0) {
        const size_t most = devices_shared ? SHARED_LOCKS : LOCKS, count = count_locks(most);
        locks_full = count >= most;
        locks_left = devices_shared ? most - count : CALLS_PER_COUNT;
        counted_us = clock_us(CLOCK_MONOTONIC);
    }
    if (locks_full)
        return false;
    locks_left--;
    return true;
}

enum { SOCKET_TYPE = 0xf };

static void let_through(struct seccomp_notif_resp *answer, bool may, int error)
{
    answer->error = may ? 0 : -error;
    answer->flags = may ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
}

static void answer_call(void)
{
    struct seccomp_notif call = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
        /* The caller is dead. Of anything else a process would wait in vain. */
        if (errno != ENOENT && errno != EINTR) {
            warn("seccomp notify: receive: %s", strerror(errno));
            stop_listening();
        }
        return;
    }
    struct seccomp_notif_resp answer = {.id = call.id, .error = -EPERM};
    if (call.data.nr == SYS_socket && call.data.args[0] != AF_NETLINK)
        let_through(&answer, may_make_socket((call.data.args[1] & SOCKET_TYPE) == SOCK_DGRAM), ENFILE);
    else if (call.data.nr == SYS_socket) {
        int lent = lend_netlink(&call);
        answer.error = lent < 0 ? lent : 0;
        answer.val = lent < 0 ? 0 : lent;
    } else if (call.data.nr == SYS_fcntl)
        let_through(&answer, may_lock(), ENOLCK);
    else
        count_call(call.data.nr);
    /* ENOENT: dead by now, or called away by a signal. */
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno != ENOENT) {
        warn("seccomp notify: answer: %s", strerror(errno));
        stop_listening();
    }
}

void notify_answer(void)
{
    for (int i = 0; i < CALLS_PER_TURN && call_waits(); i++)
        answer_call();
}

void notify_end(char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < known && used < room; i++) {
        char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), calls[i].number);
        used += (size_t)snprintf(text + used, room - used, "%s{\"name\":\"%s\",\"count\":%u}", used > 0 ? "," : "",
                                 name ? name : "unknown", calls[i].count);
        free(name);
    }
    text[used < room ? used : 0] = 0;
    notify_begin(-1);
}
