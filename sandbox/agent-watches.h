/* Folders whose changes the worker is told of. */
#ifndef RUNYARD_AGENT_WATCHES_H
#define RUNYARD_AGENT_WATCHES_H

#include "agent-frames.h"

void watches_start(uint32_t id, struct reader request);
void watches_taken(uint32_t id);
void watches_stop(uint32_t id);

/* Until the next look, in ms; -1: none is due. */
int watches_timeout(void);
/* Looks at the folders whose time has come, as far as there is room for what is found. */
void watches_serve(void);

#endif
