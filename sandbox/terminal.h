#ifndef RUNYARD_TERMINAL_H
#define RUNYARD_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "stage-plan.h"

/* Makes one, as the streams of program_streams: ours for output is its master, for input the same, for errors -1. False with errno. */
bool terminal_open(const struct stage_plan *plan, int ours[STREAMS], int theirs[STREAMS]);
/* Sets its size; who runs in its foreground is told by SIGWINCH. */
bool terminal_resize(int master, uint64_t columns, uint64_t rows);
/* The process group in its foreground; -1 when there is none. */
pid_t terminal_foreground(int master);

#endif
