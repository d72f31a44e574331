/*
 * The leader of a cell: PID 1 of its namespaces, and the worker's partner in the protocol for one job. One thread, one
 * poll loop: every wait ends by a descriptor (frames, and those of the stage).
 *
 * The program cannot hurt the leader: it has another user id, and PID 1 of a namespace is deaf to what comes from inside.
 */
#include "leader.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "artifacts.h"
#include "cgroup.h"
#include "input.h"
#include "leader-exit.h"
#include "prewarm.h"
#include "records.h"
#include "snapshot.h"
#include "stage.h"
#include "transport.h"

enum { FRAMES_PER_TURN = 16 };

static struct {
    bool begun; /* there is a job */
    struct cell_size size;
} cell;

static struct frame frame;

/* --- the job --- */

/*
 * What is started ahead may write files, as modules do that it imports. A job whose program it is not finds none of them, and
 * where they leave less room than the job may have, its program is started anew.
 */
static void fit_file_system(const struct cell_size *before)
{
    if (!prewarm_waits() && !cell_is_fresh()) {
        cell_refresh(&cell.size);
        return;
    }
    if ((before->bytes == cell.size.bytes && before->inodes == cell.size.inodes) || cell_resize(&cell.size))
        return;
    if (!prewarm_waits())
        fault("the job's file system cannot have that size");
    prewarm_discard();
    cell_refresh(&cell.size);
}

static void begin(void)
{
    struct cell_size before = cell.size;
    bool prewarmed = false;
    uint64_t restore = 0;
    records_begin(&frame, &cell.size, &prewarmed, &restore);
    if (prewarmed)
        prewarm_stop();
    else
        prewarm_discard();
    /* To the kernel 0 is no limit at all. */
    if (cell.size.bytes == 0 || cell.size.inodes == 0)
        fault("a job without a file system");
    fit_file_system(&before);
    cell_lock();
    if (restore > 0 && !snapshot_restore(restore))
        stage_refuse("restore", errno);
    cell.begun = true;
}

/* The job goes on in another cell. */
static _Noreturn void end_cell(void)
{
    if (frame.length != 1)
        fault("an N that is not one byte");
    /* What the program has made unreadable is no fault: the next cell finds nothing to begin with, and says so. */
    if (frame.payload[0] == NEXT_KEEP)
        snapshot_offer();
    _exit(LEADER_NEXT);
}

static void write_file(void)
{
    char *path = (char *)frame.payload + 3;
    size_t length = frame.length > 3 ? strnlen(path, frame.length - 3) : 0;
    if (frame.length < 4 || 3 + length >= frame.length)
        fault("a file without a path");
    mode_t mode = (mode_t)(frame.payload[1] << 8 | frame.payload[2]);
    const uint8_t *content = frame.payload + 3 + length + 1;
    if (!cell_write(path, mode, frame.payload[0], content, frame.length - 3 - length - 1))
        stage_refuse("write", errno);
}

/* --- its stages --- */

static void start_stage(void)
{
    if (!prewarm_run(&frame))
        stage_start(&frame);
}

static void kill_stage(void)
{
    if (frame.length != 1)
        fault("a K that is not one byte");
    if (frame.payload[0] == KILL_STAGE)
        stage_kill();
    else
        stage_signal(frame.payload[0]);
}

static void resize_terminal(void)
{
    const uint8_t *size = frame.payload;
    if (frame.length != 4)
        fault("a T that is not four bytes");
    stage_resize((uint64_t)(size[0] << 8 | size[1]), (uint64_t)(size[2] << 8 | size[3]));
}

/* --- frames --- */

/* Where the job stands. */
enum place { BEFORE_JOB, BETWEEN_STAGES, STAGE_RUNS, STAGE_ENDS };

static enum place place(void)
{
    if (!cell.begun)
        return BEFORE_JOB;
    switch (stage_phase()) {
    case STAGE_RUNNING: return STAGE_RUNS;
    case STAGE_DRAINING: return STAGE_ENDS;
    default: return BETWEEN_STAGES;
    }
}

static bool take_before_job(void)
{
    switch (frame.type) {
    case FRAME_BEGIN: begin(); return true;
    case FRAME_PREWARM: prewarm_start(&frame); return true;
    default: return false;
    }
}

static bool take_between_stages(void)
{
    switch (frame.type) {
    case FRAME_WRITE: write_file(); return true;
    case FRAME_START: start_stage(); return true;
    case FRAME_GATHER: artifacts_gather(&frame); return true;
    case FRAME_NEXT: end_cell();
    case FRAME_QUIT: _exit(LEADER_QUIT);
    default: return false;
    }
}

/* What a stage is told may come when it has ended, sent before the worker knew. */
static bool take_for_stage(bool runs)
{
    switch (frame.type) {
    case FRAME_KILL: kill_stage(); return true;
    case FRAME_RESIZE: resize_terminal(); return true;
    case FRAME_INPUT:
        if (runs)
            input_take(&frame);
        return true;
    case FRAME_INPUT_END:
        if (runs)
            input_end();
        return true;
    default: return false;
    }
}

static void take_frame(void)
{
    bool taken = false;
    switch (place()) {
    case BEFORE_JOB: taken = take_before_job(); break;
    case BETWEEN_STAGES: taken = take_between_stages() || take_for_stage(false); break;
    case STAGE_RUNS: taken = take_for_stage(true); break;
    case STAGE_ENDS: taken = take_for_stage(false); break;
    }
    if (!taken)
        fault("a frame out of turn");
}

/* A few at a time: however fast they come, limits are kept and output is relayed. */
static void take_frames(void)
{
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        int got = transport_read(&frame);
        if (got == 0)
            return;
        if (got == -1)
            _exit(LEADER_EOF);
        if (got == -2)
            fault("an oversized frame");
        take_frame();
    }
}

static void turn(void)
{
    enum { POLLED_FRAMES_IN, POLLED_FRAMES_OUT, POLLED_STAGE };
    struct pollfd polled[POLLED_STAGE + STAGE_POLLED];
    bool pending;
    /* What had to wait for room, which the last turn's flush may have made. */
    input_acknowledge();
    stage_finish();
    polled[POLLED_FRAMES_IN] = (struct pollfd){.fd = FRAMES_IN, .events = POLLIN};
    polled[POLLED_FRAMES_OUT] = (struct pollfd){.fd = transport_pending() ? FRAMES_OUT : -1, .events = POLLOUT};
    stage_poll(polled + POLLED_STAGE, &pending);
    if (poll(polled, sizeof polled / sizeof *polled, pending ? 0 : -1) < 0 && errno != EINTR)
        fault("poll");
    stage_serve(polled + POLLED_STAGE);
    prewarm_check();
    stage_finish();
    if (polled[POLLED_FRAMES_IN].revents)
        take_frames();
    if (!transport_flush())
        _exit(LEADER_EOF);
}

void leader(const struct cell_size *size, bool first)
{
    char ready[64];
    cell.size = *size;
    cell_setup(size);
    stage_prepare();
    if (first)
        transport_send(FRAME_READY, ready,
                       (size_t)snprintf(ready, sizeof ready, "{\"protocol\":%d,\"cgroup\":%d}", PROTOCOL_VERSION, cgroup_version()));
    else
        transport_send(FRAME_CLEAN, NULL, 0);
    for (transport_flush();;)
        turn();
}
