/* What a stage is to be. */
#ifndef RUNYARD_STAGE_PLAN_H
#define RUNYARD_STAGE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct stage_plan {
    char **args;
    char **env;
    uint64_t wall_ms, cpu_ms, grace_ms, output_bytes, processes, file_bytes, open_files, stack_bytes;
    uint64_t columns, rows; /* of its terminal; 0: its streams are pipes */
    bool input;
    bool prewarmed;  /* started ahead of its job, whose limits are not known yet */
    bool apart;      /* the CPU time before the job is no part of it */
    bool unobserved; /* nobody asks which limits it reaches */
};

/* Why a program could not be started. */
struct start_error {
    char call[16];
    int error;
};

/* A stage's standard streams, in arrays of three descriptors. */
enum { STREAM_IN, STREAM_OUT, STREAM_ERR, STREAMS };

/* Whether they are a terminal. */
static inline bool terminal_wanted(const struct stage_plan *plan)
{
    return plan->columns > 0 && plan->rows > 0;
}

#endif
