/* A program that is started before its job is there. */
#ifndef RUNYARD_PREWARM_H
#define RUNYARD_PREWARM_H

#include <stdbool.h>

#include "transport.h"

/* What a FRAME_PREWARM asks for, in place of what was prewarmed before; nothing when it is empty. */
void prewarm_start(struct frame *from);
/* Whether one waits. */
bool prewarm_waits(void);
/* Its job is there: stops it and takes the FIFO away, or discards it where that cannot be. */
void prewarm_stop(void);
/* Lets it go on as the stage of a FRAME_START. False when there is none that could, or none any more. */
bool prewarm_run(struct frame *from);
/* Ends it. Of what it did in the cell, files that it wrote are left. */
void prewarm_discard(void);
/* To be called when processes may have been reaped: discards what is left of one that has ended. */
void prewarm_check(void);

#endif
