/*
 * A stage, from its plan to its report: one program with all that it starts.
 *
 * A program that is prewarmed is a stage that waits for its job: its processes live, and nothing of it is counted as reached or
 * ended until stage_run.
 */
#ifndef RUNYARD_STAGE_H
#define RUNYARD_STAGE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "stage-plan.h"
#include "transport.h"

/* RUNNING: the program lives. DRAINING: it has ended, or never began, and the rest dies and is still relayed. */
enum stage_phase { STAGE_NONE, STAGE_RUNNING, STAGE_DRAINING };

/* Once, in a new leader: its timers. A fault when there are none. */
void stage_prepare(void);
enum stage_phase stage_phase(void);

/* The next stage will not start, and its report will say so; the first such error is told. */
void stage_refuse(const char *call, int error);
bool stage_refused(void);

/* A stage as the frame says; what it uses counts from here on. `fifo` as for records_stage. */
void stage_plan(struct frame *from, const char **fifo);
/* Starts its program. False, and says why, when that cannot be. */
bool stage_launch(bool prewarmed, struct start_error *why);
/* Plans, launches and runs the stage of a FRAME_START; a start that fails is its end. */
void stage_start(struct frame *from);
/* Lets what was launched ahead, and stopped, go on as this plan, whose lists are not needed: its clock and its limits begin. */
void stage_run(const struct stage_plan *plan);
/* Whether the CPU time of what was planned last begins to count with stage_run. */
bool stage_apart(void);
/* Its program's process id; -1 when there is none. */
pid_t stage_program(void);
/* Ends what was launched ahead, with all that it has left, waiting for the end of its processes. */
void stage_discard(void);

/* What the worker asks of a running stage; nothing happens when none runs. */
void stage_kill(void);
void stage_signal(int number);
void stage_resize(uint64_t columns, uint64_t rows);

/* What to poll for, and what to do about it. `pending`: do not wait, there is something to do. */
enum { STAGE_POLLED = 8 };
void stage_poll(struct pollfd polled[STAGE_POLLED], bool *pending);
void stage_serve(const struct pollfd polled[STAGE_POLLED]);
/* Sends its report once nothing of it is left to die or to be relayed. */
void stage_finish(void);

#endif
