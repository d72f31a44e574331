/* How a program is started. */
#ifndef RUNYARD_PROGRAM_H
#define RUNYARD_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "stage-plan.h"

/* Once, in init. Exits when it cannot. */
void program_prepare(void);
/*
 * Makes the program's standard streams, which belong to it: it may want to open /dev/stdout again. Ours do not wait; that of
 * the input is -1 where none will come: the program's end is at its end. What could not be made, with errno, is -1.
 */
bool program_streams(const struct stage_plan *plan, int ours[STREAMS], int theirs[STREAMS]);
/*
 * Starts the stage's program, its standard streams on the three descriptors. Returns its process id, or -1 and says why.
 * Returns only when the program runs or has failed to. `listener` becomes that of its filter, to be closed in either case,
 * or -1.
 */
pid_t program_start(const struct stage_plan *plan, const int streams[STREAMS], struct start_error *why, int *listener);
/*
 * Gives a prewarmed program the limits of its stage, but for that of the stack, which counted when it was started. No process
 * of the cell may run meanwhile. False with errno.
 */
bool program_limit(pid_t pid, const struct stage_plan *plan);

#endif
