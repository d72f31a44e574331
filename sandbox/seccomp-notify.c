/*
 * Notifications: what a stage's program tried that no honest program does in a sandbox. The kernel holds such a call (the list
 * is in seccomp.c) and tells the leader by the listener of the stage's filter; the leader counts it and answers EPERM,
 * which is what the program would have had without any of this. A call is made only where the one who answers says in so
 * many words that it shall be, by a flag; so no program may ever hold a listener.
 *
 * Some calls are no attempt at anything, and take memory of the kernel that no cgroup counts. What lies unread in a socket that lists
 * network interfaces is such: the leader makes these, small, and not more than a few. What lies unsent in sockets of UDP is, with options
 * and copies of what was sent, and what waits to be accepted at sockets of TCP that listen; and so are locks of parts of files. While a cell
 * has not too many, the leader lets the call through. That is decided by numbers alone; what a program changes in its memory meanwhile is for
 * the kernel to read.
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
 * Some things of one cell are counted by reading all of them, which is dear, so it is done when there could be too many, and never before so many
 * calls; where there were too many, after some time, for a program that has closed its files since. So a cell has `most` of them, and at times
 * as many more as it may make between two counts.
 */
struct bound {
    size_t most, calls;
    size_t left; /* calls until the next count */
    bool full;
    uint64_t counted_us;
};
enum { RECOUNT_US = 100000 };

/*
 * Locks: fewer where its devices are the machine's, since whoever closes such a file looks through all that are on it. While they are
 * counted nobody on the machine locks.
 */
static const struct bound own_locks = {.most = 8192, .calls = 4096, .left = 8192}, shared_locks = {.most = 256, .calls = 128, .left = 256};

/* Who listens: each may have somaxconn connections that nobody has accepted, and what was sent by them. */
static const struct bound few_listeners = {.most = 40, .calls = 8, .left = 40};

/*
 * Sockets of UDP of one cell at a time, and where those of TCP are counted of both together. One that is in no connection counts twice, since a
 * second one comes up when it connects to its own cell.
 */
enum { INTERNET_SOCKETS = 1024, UDP_SOCKETS = 128 };

static int listener = -1;
static bool devices_shared = true;
/* What may still be made before they are counted again. */
static int sockets_left, udp_left;
static struct bound locks, listeners;
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
    locks = devices_shared ? shared_locks : own_locks;
    listeners = few_listeners;
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

static bool may_make_socket(int *left)
{
    if (*left <= 0)
        count_sockets();
    if (*left <= 0)
        return false;
    (*left)--;
    return true;
}

static bool may_have(struct bound *bound, size_t (*count)(size_t most))
{
    if (bound->full ? clock_us(CLOCK_MONOTONIC) - bound->counted_us >= RECOUNT_US : bound->left == 0) {
        const size_t counted = count(bound->most), free = bound->most - counted;
        bound->full = free == 0;
        bound->left = free > bound->calls ? free : bound->calls;
        bound->counted_us = clock_us(CLOCK_MONOTONIC);
    }
    if (bound->full)
        return false;
    bound->left--;
    return true;
}

/* The kernel names them before all other sockets. */
static size_t count_listeners(size_t most)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    enum { LISTENS = 10 };
    char line[256];
    unsigned state;
    size_t count = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        FILE *sockets = fopen(tables[i], "re");
        bool listens = sockets && fgets(line, sizeof line, sockets);
        while (listens && count < most && fgets(line, sizeof line, sockets)) {
            listens = sscanf(line, "%*d: %*s %*s %x", &state) == 1 && state == LISTENS;
            count += listens;
        }
        if (sockets)
            fclose(sockets);
    }
    return count;
}

/* Those of open files, which may be another cell's, are none of ours: a program cannot make them. */
static size_t count_locks(size_t most)
{
    char line[256];
    size_t count = 0;
    int fd = openat(proc_writable, "locks", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    while (file && count < most && fgets(line, sizeof line, file))
        count += strstr(line, " OFDLCK ") == NULL;
    if (file)
        fclose(file);
    else if (fd >= 0)
        close(fd);
    return count;
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
        let_through(&answer, may_make_socket((call.data.args[1] & SOCKET_TYPE) == SOCK_DGRAM ? &udp_left : &sockets_left), ENFILE);
    else if (call.data.nr == SYS_socket) {
        int lent = lend_netlink(&call);
        answer.error = lent < 0 ? lent : 0;
        answer.val = lent < 0 ? 0 : lent;
    } else if (call.data.nr == SYS_fcntl)
        let_through(&answer, may_have(&locks, count_locks), ENOLCK);
    else if (call.data.nr == SYS_listen)
        let_through(&answer, may_have(&listeners, count_listeners), ENOBUFS);
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
