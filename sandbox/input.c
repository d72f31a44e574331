/*
 * A stage's standard input, from frames to the program's pipe. The worker keeps to a window of bytes that were not
 * acknowledged, so what a program does not read costs memory only up to that.
 */
#include "input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int pipe_in = -1;
static uint8_t bytes[INPUT_WINDOW + 2];
static size_t from, to;
static size_t unacknowledged; /* taken, but not told yet */
static bool ended;
static bool to_terminal, mid_line;
static size_t unasked; /* bytes at the end that are not of the worker */

enum { CTRL_D = 4 };

void input_close(void)
{
    if (pipe_in >= 0)
        close(pipe_in);
    pipe_in = -1;
}

void input_begin(int descriptor, bool terminal)
{
    input_close();
    pipe_in = descriptor;
    to_terminal = terminal;
    mid_line = false;
    from = to = unacknowledged = unasked = 0;
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
    if (count == 0 || transport_room() < sizeof text)
        return;
    transport_send(FRAME_ACK, text, sizeof text);
    unacknowledged = 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
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
    unacknowledged += least(from, to - unasked) - least(before, to - unasked);
    if (from == to) {
        from = to = unasked = 0;
        if (ended && !to_terminal)
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
    if (ended || to > INPUT_WINDOW || frame->length > INPUT_WINDOW - to)
        fault("more input than the window allows");
    memcpy(bytes + to, frame->payload, frame->length);
    to += frame->length;
    if (frame->length > 0)
        mid_line = bytes[to - 1] != '\n' && bytes[to - 1] != '\r';
    input_feed();
}

void input_end(void)
{
    if (to_terminal && !ended) {
        /* Behind the beginning of a line it ends the line, and only the next one the input. */
        for (int times = mid_line ? 2 : 1; times > 0; times--) {
            bytes[to++] = CTRL_D;
            unasked++;
        }
    }
    ended = true;
    input_feed();
}

void input_forget(void)
{
    unacknowledged = 0;
}
