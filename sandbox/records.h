/* The record lists of frames. */
#ifndef RUNYARD_RECORDS_H
#define RUNYARD_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell.h"
#include "stage-plan.h"
#include "transport.h"

/* What is wrong with a record list is a fault. */

enum { MAX_GLOBS = 16 };

struct gathering {
    char *globs[MAX_GLOBS];
    size_t count;
    uint64_t bytes, files;
};

/*
 * What FRAME_BEGIN says of the cell, whether the job is that of the prewarmed program, and how large a snapshot it goes on with
 * may be; what it does not say stays.
 */
void records_begin(struct frame *from, struct cell_size *size, bool *prewarmed, uint64_t *restore);
/*
 * What FRAME_START or FRAME_PREWARM says of the stage. Its strings are the frame's; the lists of them are freed by plan_free.
 * `fifo`, NULL for a FRAME_START, becomes the name of the file that the program waits at, at most NAME_MAX long.
 */
void records_stage(struct frame *from, struct stage_plan *plan, const char **fifo);
void plan_free(struct stage_plan *plan);
/* What FRAME_GATHER asks for. Its strings are the frame's. */
void records_gather(struct frame *from, struct gathering *plan);

#endif
