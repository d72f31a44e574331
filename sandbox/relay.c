/*
 * The way out of a cell: `init --relay PORT SOCKET COMMAND...` in the place of a command. A cell has no network but its loopback, and
 * the worker shows one socket to the sandbox, behind which a proxy of the worker's decides what may be reached. Programs know no proxies
 * at sockets of the file system, so this listens at 127.0.0.1:PORT and passes bytes between each connection and one to SOCKET.
 *
 * The relay is a process of the job's like any other, with its user, filter and limits: it is trusted with nothing, and a program may go
 * round it to the socket itself. It ends with its stage. The command does not have it as a child: it belongs to the leader.
 */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

enum { CONNECTIONS = 48, ROOM = 32768, USAGE_STATUS = 2, NOT_STARTED = 127 };

/* One direction: what was read from one end and not written to the other yet. */
struct direction {
    uint8_t bytes[ROOM];
    size_t from, to;
    bool ended, told;
};

/* ends[0] is the program's. */
struct connection {
    int ends[2];
    struct direction ways[2];
};

static struct connection *connections[CONNECTIONS];

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int listen_at(const char *port)
{
    char *end;
    unsigned long number = strtoul(port, &end, 10);
    if (*end || number == 0 || number > UINT16_MAX) {
        errno = EINVAL;
        return -1;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (fd < 0)
        return -1;
    /* A port of the stage before may still wait for the last packets of its connections. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void accept_one(int listener, const char *path)
{
    int place = 0;
    while (connections[place])
        place++;
    int near = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (near < 0)
        return;
    struct connection *made = malloc(sizeof *made);
    int far = made ? connect_to(path) : -1;
    if (far < 0) {
        free(made);
        close(near);
        return;
    }
    made->ends[0] = near;
    made->ends[1] = far;
    for (int way = 0; way < 2; way++)
        made->ways[way].from = made->ways[way].to = made->ways[way].ended = made->ways[way].told = 0;
    connections[place] = made;
}

/* False when the connection is broken. */
static bool move_bytes(struct direction *way, int source, int target)
{
    if (way->from == way->to && !way->ended) {
        ssize_t got = read(source, way->bytes, ROOM);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (got >= 0) {
            way->from = 0;
            way->to = (size_t)got;
            way->ended = got == 0;
        }
    }
    if (way->from < way->to) {
        ssize_t put = write(target, way->bytes + way->from, way->to - way->from);
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (put > 0)
            way->from += (size_t)put;
    }
    if (way->from == way->to && way->ended && !way->told) {
        way->told = true;
        shutdown(target, SHUT_WR);
    }
    return true;
}

static void serve(struct connection **place)
{
    struct connection *one = *place;
    bool whole = move_bytes(&one->ways[0], one->ends[0], one->ends[1]) && move_bytes(&one->ways[1], one->ends[1], one->ends[0]);
    if (whole && !(one->ways[0].told && one->ways[1].told))
        return;
    close(one->ends[0]);
    close(one->ends[1]);
    free(one);
    *place = NULL;
}

/* What is waited for at one end: bytes, while there is room for them, and room, while there are bytes for it. */
static short wanted(const struct direction *in, const struct direction *out)
{
    return (short)((in->from == in->to && !in->ended ? POLLIN : 0) | (out->from < out->to ? POLLOUT : 0));
}

static _Noreturn void pass_on(int listener, const char *path)
{
    for (;;) {
        struct pollfd polled[1 + 2 * CONNECTIONS];
        bool room = false;
        for (int i = 0; i < CONNECTIONS; i++) {
            struct connection *one = connections[i];
            room = room || !one;
            for (int end = 0; end < 2; end++) {
                short events = one ? wanted(&one->ways[end], &one->ways[1 - end]) : 0;
                polled[1 + 2 * i + end] = (struct pollfd){.fd = events ? one->ends[end] : -1, .events = events};
            }
        }
        polled[0] = (struct pollfd){.fd = room ? listener : -1, .events = POLLIN};
        if (poll(polled, sizeof polled / sizeof *polled, -1) < 0 && errno != EINTR)
            _exit(1);
        for (int i = 0; i < CONNECTIONS; i++)
            if (connections[i] && (polled[1 + 2 * i].revents || polled[2 + 2 * i].revents))
                serve(&connections[i]);
        if (polled[0].revents)
            accept_one(listener, path);
    }
}

int relay(const char *port, const char *path, char **argv)
{
    int listener = listen_at(port);
    if (listener < 0) {
        warn("relay at port %s: %s", port, strerror(errno));
        return USAGE_STATUS;
    }
    pid_t between = fork();
    if (between == 0) {
        if (fork() != 0)
            _exit(0);
        signal(SIGPIPE, SIG_IGN);
        /* Whoever reads the output of the stage waits for its end. */
        int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = 0; fd <= 2; fd++)
            dup2(nothing, fd);
        pass_on(listener, path);
    }
    if (between < 0) {
        warn("relay: %s", strerror(errno));
        return USAGE_STATUS;
    }
    waitpid(between, NULL, 0);
    close(listener);
    execvp(argv[0], argv);
    warn("%s: %s", argv[0], strerror(errno));
    return NOT_STARTED;
}
