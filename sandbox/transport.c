/* Frames on standard input and output: see docs/sandbox-protocol.md. Nothing here waits but transport_connect and fault. */
#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "leader-exit.h"
#include "log.h"

/* Two full frames: one may be under way while the next is filled. */
enum { QUEUE = 2 * (MAX_PAYLOAD + FRAME_HEADER) };

static uint8_t queue[QUEUE];
static size_t queue_from, queue_to;

static uint8_t header[FRAME_HEADER];
static size_t header_have, payload_have;

static void nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        warn("descriptor %d cannot be made non-blocking: %s", fd, strerror(errno));
}

/* A connection to the worker; -1 with errno. */
static int connect_worker(void)
{
    const struct sockaddr_un worker = {.sun_family = AF_UNIX, .sun_path = TRANSPORT_FOLDER "/" TRANSPORT_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&worker, sizeof worker) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

void transport_connect(void)
{
    int frames = connect_worker(), lines = frames < 0 ? -1 : connect_worker();
    bool taken = lines >= 0 && dup2(frames, FRAMES_IN) >= 0 && dup2(frames, FRAMES_OUT) >= 0 && dup2(lines, LOG_OUT) >= 0;
    if (!taken)
        warn("the worker's socket: %s", strerror(errno));
    if (lines >= 0)
        close(lines);
    if (frames >= 0)
        close(frames);
}

void transport_open(void)
{
    nonblocking(FRAMES_IN);
    nonblocking(FRAMES_OUT);
    /* A line for the log is not worth waiting for. */
    nonblocking(LOG_OUT);
}

/* Reads up to `want` bytes more: 1 when some came, 0 when none can be had now, -1 at the end. */
static int read_some(uint8_t *into, size_t want, size_t *have)
{
    ssize_t n;
    do
        n = read(FRAMES_IN, into + *have, want - *have);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        *have += (size_t)n;
        return 1;
    }
    return n < 0 && errno == EAGAIN ? 0 : -1;
}

int transport_read(struct frame *frame)
{
    while (header_have < FRAME_HEADER) {
        int got = read_some(header, FRAME_HEADER, &header_have);
        if (got <= 0)
            return got;
    }
    frame->type = header[0];
    frame->length = (uint32_t)header[1] << 24 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 8 | header[4];
    if (frame->length > MAX_PAYLOAD)
        return -2;
    while (payload_have < frame->length) {
        int got = read_some(frame->payload, frame->length, &payload_have);
        if (got <= 0)
            return got;
    }
    frame->payload[frame->length] = 0;
    header_have = payload_have = 0;
    return 1;
}

size_t transport_room(void)
{
    size_t left = QUEUE - (queue_to - queue_from);
    return left <= FRAME_HEADER ? 0 : left - FRAME_HEADER < MAX_PAYLOAD ? left - FRAME_HEADER : MAX_PAYLOAD;
}

uint8_t *transport_reserve(size_t length)
{
    /* What was written before leaves room in front. */
    if (queue_to + FRAME_HEADER + length > QUEUE) {
        memmove(queue, queue + queue_from, queue_to - queue_from);
        queue_to -= queue_from;
        queue_from = 0;
    }
    return queue + queue_to + FRAME_HEADER;
}

void transport_commit(enum frame_type type, size_t length)
{
    uint8_t *at = queue + queue_to;
    at[0] = (uint8_t)type;
    at[1] = (uint8_t)(length >> 24);
    at[2] = (uint8_t)(length >> 16);
    at[3] = (uint8_t)(length >> 8);
    at[4] = (uint8_t)length;
    queue_to += FRAME_HEADER + length;
}

void transport_send(enum frame_type type, const void *payload, size_t length)
{
    if (transport_room() < length) {
        warn("no room for a frame of type %c", type);
        _exit(LEADER_FAULT);
    }
    uint8_t *at = transport_reserve(length);
    if (length > 0)
        memcpy(at, payload, length);
    transport_commit(type, length);
}

bool transport_flush(void)
{
    while (queue_from < queue_to) {
        ssize_t n = write(FRAMES_OUT, queue + queue_from, queue_to - queue_from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        queue_from += (size_t)n;
    }
    queue_from = queue_to = 0;
    return true;
}

bool transport_pending(void)
{
    return queue_from < queue_to;
}

/* Writes everything, waiting at most a second. */
static void drain(void)
{
    struct pollfd out = {.fd = FRAMES_OUT, .events = POLLOUT};
    for (int turns = 0; turns < 10 && transport_flush() && transport_pending(); turns++)
        poll(&out, 1, 100);
}

_Noreturn void fault(const char *what)
{
    warn("protocol fault: %s", what);
    if (transport_room() >= strlen(what))
        transport_send(FRAME_FAULT, what, strlen(what));
    drain();
    _exit(LEADER_FAULT);
}
