/* The record lists in the worker's frames: see docs/sandbox-protocol.md. */
#include "records.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What a double holds exactly; in milliseconds it fits 63 bits of microseconds. */
#define MAX_NUMBER ((UINT64_C(1) << 53) - 1)

static uint64_t number(const char *text)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value > MAX_NUMBER)
        fault("a record is no number");
    return value;
}

/* The record behind `at`, NULL behind the last; with NULL the first. A record that is found has a field. */
static char *next_record(struct frame *from, char *at)
{
    char *first = (char *)from->payload, *end = first + from->length;
    if (!at && from->length > 0 && end[-1])
        fault("a record list does not end with a NUL");
    at = at ? at + strlen(at) + 1 : first;
    if (at < end && !*at)
        fault("an empty record");
    return at < end ? at : NULL;
}

void records_begin(struct frame *from, struct cell_size *size, bool *prewarmed, uint64_t *restore)
{
    for (char *record = NULL; (record = next_record(from, record));) {
        if (*record == BEGIN_BYTES)
            size->bytes = number(record + 1);
        else if (*record == BEGIN_INODES)
            size->inodes = number(record + 1);
        else if (*record == BEGIN_PREWARMED)
            *prewarmed = number(record + 1) != 0;
        else if (*record == BEGIN_RESTORE)
            *restore = number(record + 1);
        else
            fault("an unknown record in B");
    }
}

static void make_lists(struct frame *from, struct stage_plan *plan)
{
    size_t args = 0, env = 0;
    for (char *record = NULL; (record = next_record(from, record));) {
        args += *record == STAGE_ARGUMENT;
        env += *record == STAGE_ENVIRONMENT;
    }
    plan->args = calloc(args + 1, sizeof(char *));
    plan->env = calloc(env + 1, sizeof(char *));
    if (args == 0 || !plan->args || !plan->env)
        fault("a stage without a program");
}

void records_stage(struct frame *from, struct stage_plan *plan, const char **fifo)
{
    size_t args = 0, env = 0;
    memset(plan, 0, sizeof *plan);
    make_lists(from, plan);
    for (char *record = NULL; (record = next_record(from, record));) {
        char *value = record + 1;
        switch (*record) {
        case STAGE_ARGUMENT: plan->args[args++] = value; break;
        case STAGE_ENVIRONMENT: plan->env[env++] = value; break;
        case STAGE_WALL_MS: plan->wall_ms = number(value); break;
        case STAGE_CPU_MS: plan->cpu_ms = number(value); break;
        case STAGE_GRACE_MS: plan->grace_ms = number(value); break;
        case STAGE_OUTPUT_BYTES: plan->output_bytes = number(value); break;
        case STAGE_PROCESSES: plan->processes = number(value); break;
        case STAGE_FILE_BYTES: plan->file_bytes = number(value); break;
        case STAGE_OPEN_FILES: plan->open_files = number(value); break;
        case STAGE_STACK_BYTES: plan->stack_bytes = number(value); break;
        case STAGE_COLUMNS: plan->columns = number(value); break;
        case STAGE_ROWS: plan->rows = number(value); break;
        case STAGE_STDIN: plan->input = number(value) != 0; break;
        case STAGE_UNOBSERVED: plan->unobserved = number(value) != 0; break;
        case STAGE_PREWARM_FILE:
            if (fifo) {
                *fifo = value;
                break;
            }
            fault("an unknown record in S or H");
        case STAGE_PREWARM_APART:
            if (fifo) {
                plan->apart = number(value) != 0;
                break;
            }
            /* fall through */
        default: fault("an unknown record in S or H");
        }
    }
    if (fifo && (!*fifo || strlen(*fifo) > NAME_MAX))
        fault("nothing for a program to wait at");
    if (plan->wall_ms == 0 || plan->cpu_ms == 0)
        fault("a stage without a limit of time");
    if (plan->columns > USHRT_MAX || plan->rows > USHRT_MAX || (plan->columns > 0) != (plan->rows > 0) || (fifo && plan->columns > 0))
        fault("a terminal cannot have that size");
}

void records_gather(struct frame *from, struct gathering *plan)
{
    for (char *record = NULL; (record = next_record(from, record));) {
        if (*record == GATHER_BYTES)
            plan->bytes = number(record + 1);
        else if (*record == GATHER_FILES)
            plan->files = number(record + 1);
        else if (*record != GATHER_GLOB)
            fault("an unknown record in G");
        else if (plan->count == MAX_GLOBS)
            fault("too many globs");
        else
            plan->globs[plan->count++] = record + 1;
    }
    if (plan->count == 0)
        fault("nothing to gather");
}

void plan_free(struct stage_plan *plan)
{
    free(plan->args);
    free(plan->env);
    plan->args = plan->env = NULL;
}
