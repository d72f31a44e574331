/*
 * A program may be started before its job is there, with a FIFO in the place of its file. What runs up to there is the image's
 * interpreter and nothing of any job's; opening the FIFO it sleeps. When its job comes it is stopped, its file takes the place of
 * the FIFO, and it is told to go on: the kernel then begins the interrupted call anew, which finds the file. Both halves count as
 * one stage, but for its wall time; and but for the CPU time of the first where that is not what the job would take without (a
 * compiler that was warmed).
 */
#include "prewarm.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "cell.h"
#include "clock.h"
#include "log.h"
#include "processes.h"
#include "program.h"
#include "records.h"
#include "stage.h"

enum { STOP_US = 50000 };

static bool waiting;             /* a program waits for its job */
static bool apart;               /* the CPU time it took so far is not the job's */
static char fifo[NAME_MAX + 1]; /* the file that it waits at, while it is a FIFO */

static void remove_fifo(void)
{
    if (*fifo)
        cell_remove(fifo);
    *fifo = 0;
}

bool prewarm_waits(void)
{
    return waiting;
}

void prewarm_discard(void)
{
    if (!waiting)
        return;
    waiting = false;
    stage_discard();
    remove_fifo();
    cell_reset_pids();
}

void prewarm_check(void)
{
    if (!waiting || stage_program() >= 0)
        return;
    warn("the prewarmed program ended");
    prewarm_discard();
}

void prewarm_start(struct frame *from)
{
    struct start_error why;
    const char *name = NULL;
    prewarm_discard();
    if (from->length == 0)
        return;
    stage_plan(from, &name);
    apart = stage_apart();
    snprintf(fifo, sizeof fifo, "%s", name);
    if (!cell_make_fifo(fifo))
        fault("no FIFO can be made there");
    bool launched = stage_launch(true, &why);
    /* Also when it was not: there is something left to discard. */
    waiting = true;
    if (launched)
        return;
    warn("prewarm: %s: %s", why.call, strerror(why.error));
    prewarm_discard();
}

/*
 * From here on until it goes on, no process of the cell runs. One that does not stop soon is no use: the parent of a vfork cannot
 * while its child, which is stopped, has not become another program.
 */
void prewarm_stop(void)
{
    const struct timespec nap = {.tv_nsec = 20 * 1000};
    uint64_t until = clock_us(CLOCK_MONOTONIC) + STOP_US;
    int status = 0;
    if (!waiting)
        return;
    signal_all(SIGSTOP);
    while (waitpid(stage_program(), &status, WUNTRACED | WNOHANG) <= 0 && clock_us(CLOCK_MONOTONIC) < until)
        nanosleep(&nap, NULL);
    if (WIFSTOPPED(status))
        remove_fifo();
    else
        prewarm_discard();
}

bool prewarm_run(struct frame *from)
{
    struct stage_plan plan;
    if (!waiting)
        return false;
    if (stage_refused()) {
        prewarm_discard();
        return false;
    }
    records_stage(from, &plan, NULL);
    plan_free(&plan);
    plan.apart = apart;
    if (!program_limit(stage_program(), &plan)) {
        warn("prlimit: %s", strerror(errno));
        prewarm_discard();
        return false;
    }
    waiting = false;
    stage_run(&plan);
    return true;
}
