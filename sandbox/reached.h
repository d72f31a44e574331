/* Limits that a stage has come to. */
#ifndef RUNYARD_REACHED_H
#define RUNYARD_REACHED_H

#include "stage-plan.h"

/* A stage begins, and no process of it lives yet. */
void reached_begin(void);
/* Looks whether it has come to one now. */
void reached_look(const struct stage_plan *plan);
/* A process of it ended like this. */
void reached_died(int status);
/* Those it has come to, as members of a JSON array. */
const char *reached_text(void);

#endif
