/* How many instructions the programs of a stage execute, where the kernel counts them. */
#ifndef RUNYARD_INSTRUCTIONS_H
#define RUNYARD_INSTRUCTIONS_H

#include <stdint.h>

enum { INSTRUCTIONS_UNKNOWN = -1 };

/* Counts those of the programs that are started from here on; of no stage before. */
void instructions_begin(void);
/* Forgets what was counted so far. */
void instructions_count_from_here(void);
/* So many; INSTRUCTIONS_UNKNOWN where nobody counts, or not all the time. */
int64_t instructions_used(void);
/* Counts no longer. */
void instructions_end(void);

#endif
