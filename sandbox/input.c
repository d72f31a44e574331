/*
 * A stage's standard input, from frames to the program's pipe. The worker keeps to a window of bytes that were not
 * acknowledged, so what a program does not read costs memory only up to that.
 */
#include "sandbox.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_WINDOW = 262144 };

static int pipe_in = -1;
static uint8_t bytes[INPUT_WINDOW];
static size_t from, to;
static size_t unacknowledged; /* taken, but not told yet */
static bool ended;

void input_close(void)
{
    if (pipe_in >= 0)
        close(pipe_in);
    pipe_in = -1;
}

void input_begin(int descriptor)
{
    input_close();
    pipe_in = descriptor;
    from = to = unacknowledged = 0;
    ended = false;
}

int input_waiting(void)
{
    return from < to ? pipe_in : -1;
}

void input_acknowledge(void)
{
    size_t count = unacknowledged;
    uint8_t text[4] = {(uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count};
    if (count == 0 || wire_room() < sizeof text)
        return;
    wire_send('A', text, sizeof text);
    unacknowledged = 0;
}

void input_feed(void)
{
    size_t before = from;
    while (pipe_in >= 0 && from < to) {
        ssize_t n = write(pipe_in, bytes + from, to - from);
        if (n > 0)
            from += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            break;
        else if (errno != EINTR)
            input_close();
    }
    if (pipe_in < 0)
        from = to;
    unacknowledged += from - before;
    if (from == to) {
        from = to = 0;
        if (ended)
            input_close();
    }
}

void input_take(const struct frame *frame)
{
    if (from > 0) {
        memmove(bytes, bytes + from, to - from);
        to -= from;
        from = 0;
    }
    if (frame->length > sizeof bytes - to)
        fault("more input than the window allows");
    memcpy(bytes + to, frame->payload, frame->length);
    to += frame->length;
    input_feed();
}

void input_end(void)
{
    ended = true;
    input_feed();
}

void input_forget(void)
{
    unacknowledged = 0;
}
